#include "inspect/statistics/uncertainty.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numbers>
#include <numeric>

namespace sonde::inspect {
namespace {

// In double throughout: long double, Boost's default, takes five times as long.
using Student =
    boost::math::students_t_distribution<double,
                                         boost::math::policies::policy<boost::math::policies::promote_double<false>>>;

}  // namespace

double finite_population(std::int64_t rows, std::int64_t total_rows) {
  if (rows >= total_rows) return 0;
  return std::sqrt(static_cast<double>(total_rows - rows) / static_cast<double>(total_rows - 1));
}

HalfWidth::HalfWidth(std::int64_t rows, std::int64_t total_rows, double confidence, int look)
    : tail_((1 - confidence) * 3 / (std::numbers::pi * std::numbers::pi * look * look)),
      finite_(finite_population(rows, total_rows)) {}

double HalfWidth::operator()(double stderr_, double degrees) {
  if (!(degrees >= 1) || std::isnan(stderr_)) return undefined;
  auto const whole = static_cast<std::size_t>(std::min(degrees, 1e6));  // beyond it is normal
  if (whole >= quantiles_.size()) quantiles_.resize(whole + 1);
  double& quantile = quantiles_[whole];
  if (quantile == 0)
    quantile = boost::math::quantile(boost::math::complement(Student(static_cast<double>(whole)), tail_));
  return stderr_ * quantile * finite_;
}

double p_value(double estimate, double stderr_, double degrees) {
  if (!(degrees >= 1) || std::isnan(estimate) || std::isnan(stderr_)) return undefined;
  if (stderr_ == 0) return estimate == 0 ? 1 : 0;
  return 2 * boost::math::cdf(boost::math::complement(Student(degrees), std::fabs(estimate) / stderr_));
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
