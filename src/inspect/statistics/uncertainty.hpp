// Intervals, p-values and multiplicity.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace sonde::inspect {

/// What a score is where it has no meaning.
constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

/// Finite-population factor of a standard error, sqrt((N - n) / (N - 1)): n of N rows were drawn without replacement,
/// so that nothing is uncertain about the score of the whole data when n = N (Cochran 1977, section 2.6).
double finite_population(std::int64_t rows, std::int64_t total_rows);

/// Half the widths of intervals for the scores of the whole data at one look (from 1). Looks spend alpha_k = 6 alpha /
/// (pi^2 k^2), whose sum over all looks is alpha = 1 - confidence (union bound), so that stopping at any look is
/// allowed.
class HalfWidth {
 public:
  HalfWidth(std::int64_t rows, std::int64_t total_rows, double confidence, int look);

  /// `stderr_` is that of batch means, without the finite-population factor, and `degrees` those of Student's t
  /// (Scores::stderr_, Scores::degrees; rounded down). NaN below one degree and for NaN. Not thread safe.
  double operator()(double stderr_, double degrees);

 private:
  double tail_, finite_;
  std::vector<double> quantiles_;  // by degrees; 0: not known yet
};

/// Two-sided p-value of `estimate` = 0 by Student's t. NaN below one degree and for NaN.
double p_value(double estimate, double stderr_, double degrees);

/// q-values of Benjamini & Hochberg (1995): the least false discovery rate at which a test is significant,
/// q(i) = min over j >= i of m p(j) / j in ascending order, m the number of finite p-values. NaN stays NaN.
std::vector<double> benjamini_hochberg(std::span<double const> p_values);

}  // namespace sonde::inspect
