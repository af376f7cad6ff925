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

/// Half the width of an interval for the score of the whole data at the `look`-th look (from 1). Looks spend
/// alpha_k = 6 alpha / (pi^2 k^2), whose sum over all looks is alpha = 1 - confidence (union bound), so that stopping
/// at any look is allowed. `stderr_` is that of batch means (Scores::stderr_, without the finite-population factor),
/// over `blocks` blocks: Student t with blocks - 1 degrees of freedom. NaN below two blocks or for NaN.
double half_width(double stderr_, std::int64_t blocks, std::int64_t rows, std::int64_t total_rows, double confidence,
                  int look);

/// The factor of stderr_ in half_width(): the same for all pairs of a look.
double half_width_factor(std::int64_t blocks, std::int64_t rows, std::int64_t total_rows, double confidence, int look);

/// Two-sided p-value of `estimate` = 0, Student t with blocks - 1 degrees of freedom. NaN below two blocks or for NaN.
double p_value(double estimate, double stderr_, std::int64_t blocks);

/// q-values of Benjamini & Hochberg (1995): the least false discovery rate at which a test is significant,
/// q(i) = min over j >= i of m p(j) / j in ascending order, m the number of finite p-values. NaN stays NaN.
std::vector<double> benjamini_hochberg(std::span<double const> p_values);

}  // namespace sonde::inspect
