// Scores with standard errors by batch means, of pairs of a tile, from moments.
#pragma once

#include <functional>

#include "comm/partition.hpp"
#include "inspect/measures/measure.hpp"
#include "inspect/statistics/moments.hpp"
#include "inspect/statistics/uncertainty.hpp"

namespace sonde::inspect {

struct Estimate {
  double value = undefined;
  double stderr_ = undefined, degrees = undefined;  // by batch means
};

/// Correlation coefficient r. Its influence function is zx zy - r / 2 (zx^2 + zy^2), z the standardised values.
/// Undefined when the unit or the hypothesis is constant.
Estimate correlation(Moments const& moments, std::int64_t u, std::int64_t h);

/// Mean of the unit where a binary hypothesis is 1, less the mean where it is 0. Influence: (x - m1) y / n1 -
/// (x - m0) (1 - y) / n0. Undefined for other hypotheses and when the unit or the hypothesis is constant.
Estimate class_difference(Moments const& moments, std::int64_t u, std::int64_t h);

/// Rows where a binary hypothesis is 1.
double positive_rows(Moments const& moments, PairSums const& sums, std::int64_t h);

/// `value` with its standard error by batch means, sqrt(B / (B - 1) sum_b I_b^2), where block b has the influence I_b =
/// a' v_b on it, and with one degree of freedom less than there are blocks, in effect. Without an error below two
/// blocks and for hypotheses that are not annotated everywhere.
Estimate with_error(double value, Moments const& moments, std::int64_t u, std::int64_t h,
                    std::array<double, 6> const& a);

/// Values, errors and p-values of all pairs of a tile; p-values of "value = null".
Scores score_pairs(Moments const& moments, comm::Block tile, double null,
                   std::function<Estimate(Moments const&, std::int64_t, std::int64_t)> const& estimate);

}  // namespace sonde::inspect
