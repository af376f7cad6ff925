#include "inspect/statistics/uncertainty.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numbers>
#include <numeric>

namespace sonde::inspect {

double finite_population(std::int64_t rows, std::int64_t total_rows) {
  if (rows >= total_rows) return 0;
  return std::sqrt(static_cast<double>(total_rows - rows) / static_cast<double>(total_rows - 1));
}

double half_width_factor(std::int64_t blocks, std::int64_t rows, std::int64_t total_rows, double confidence, int look) {
  if (blocks < 2) return undefined;
  double const alpha = (1 - confidence) * 6 / (std::numbers::pi * std::numbers::pi * look * look);
  boost::math::students_t const student(static_cast<double>(blocks - 1));
  return boost::math::quantile(boost::math::complement(student, alpha / 2)) * finite_population(rows, total_rows);
}

double half_width(double stderr_, std::int64_t blocks, std::int64_t rows, std::int64_t total_rows, double confidence,
                  int look) {
  return stderr_ * half_width_factor(blocks, rows, total_rows, confidence, look);
}

double p_value(double estimate, double stderr_, std::int64_t blocks) {
  if (blocks < 2 || std::isnan(estimate) || std::isnan(stderr_)) return undefined;
  if (stderr_ == 0) return estimate == 0 ? 1 : 0;
  boost::math::students_t const student(static_cast<double>(blocks - 1));
  return 2 * boost::math::cdf(boost::math::complement(student, std::fabs(estimate) / stderr_));
}

std::vector<double> benjamini_hochberg(std::span<double const> p_values) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p_values.size(); ++i) {
    if (!std::isnan(p_values[i])) order.push_back(i);
  }
  std::ranges::sort(order, std::greater{}, [&](std::size_t i) { return p_values[i]; });
  std::vector<double> q_values(p_values.size(), undefined);
  double const tests = static_cast<double>(order.size());
  double least = 1;
  for (std::size_t i = 0; i < order.size(); ++i) {
    double const rank = tests - static_cast<double>(i);  // of the p-value in ascending order, from 1
    least = std::min(least, p_values[order[i]] * tests / rank);
    q_values[order[i]] = least;
  }
  return q_values;
}

}  // namespace sonde::inspect
