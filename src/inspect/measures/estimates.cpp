#include "inspect/measures/estimates.hpp"

#include <algorithm>
#include <cmath>

namespace sonde::inspect {

Estimate with_error(double value, Moments const& moments, std::int64_t u, std::int64_t h,
                    std::array<double, 6> const& a) {
  if (moments.blocks() < 2 || !moments.annotated_everywhere(h)) return {value};
  double const blocks = static_cast<double>(moments.blocks());
  double const stderr_ = std::sqrt(blocks / (blocks - 1) * moments.influence_squares(u, h, a));
  return {value, stderr_, std::min(blocks, moments.effective_blocks(u, h)) - 1};
}

Estimate correlation(Moments const& moments, std::int64_t u, std::int64_t h) {
  auto const [n, x, y, xx, yy, xy] = moments.pair(u, h);
  if (constant(n, x, xx) || constant(n, y, yy)) return {};
  double const mx = x / n, my = y / n;
  double const vx = xx / n - mx * mx, vy = yy / n - my * my;
  double const sd = std::sqrt(vx) * std::sqrt(vy);
  double const r = std::clamp((xy / n - mx * my) / sd, -1.0, 1.0);
  // The sum over rows of the influence function, by the sums of the block: n, x, y, xx, yy, xy.
  std::array<double, 6> a = {mx * my / sd - r / 2 * (mx * mx / vx + my * my / vy),
                             r * mx / vx - my / sd,
                             r * my / vy - mx / sd,
                             -r / (2 * vx),
                             -r / (2 * vy),
                             1 / sd};
  for (double& factor : a) factor /= n;
  return with_error(r, moments, u, h, a);
}

double positive_rows(Moments const& moments, PairSums const& sums, std::int64_t h) {
  return std::round(sums.y + moments.shift(h) * sums.n);
}

Estimate class_difference(Moments const& moments, std::int64_t u, std::int64_t h) {
  PairSums const sums = moments.pair(u, h);
  auto const [n, x, y, xx, yy, xy] = sums;
  if (!moments.binary(h) || constant(n, x, xx)) return {};
  double const p = moments.shift(h);
  double const n1 = positive_rows(moments, sums, h), n0 = n - n1;
  if (n1 == 0 || n0 == 0) return {};
  double const x1 = xy + p * x;  // sum of x over the rows where the hypothesis is 1
  double const m1 = x1 / n1, m0 = (x - x1) / n0;
  std::array<double, 6> const a = {
      m0 * (1 - p) / n0 - m1 * p / n1, p / n1 - (1 - p) / n0, -m1 / n1 - m0 / n0, 0, 0, 1 / n1 + 1 / n0};
  return with_error(m1 - m0, moments, u, h, a);
}

Scores score_pairs(Moments const& moments, comm::Block tile, double null,
                   std::function<Estimate(Moments const&, std::int64_t, std::int64_t)> const& estimate) {
  Scores scores;
  std::size_t const pairs = static_cast<std::size_t>(tile.count * moments.hypotheses());
  scores.value.reserve(pairs);
  scores.stderr_.reserve(pairs);
  scores.degrees.reserve(pairs);
  scores.p_value.reserve(pairs);
  for (std::int64_t u = tile.first; u < tile.first + tile.count; ++u) {
    for (std::int64_t h = 0; h < moments.hypotheses(); ++h) {
      Estimate const found = estimate(moments, u, h);
      scores.value.push_back(found.value);
      scores.stderr_.push_back(found.stderr_);
      scores.degrees.push_back(found.degrees);
      scores.p_value.push_back(p_value(found.value - null, found.stderr_, found.degrees));
    }
  }
  return scores;
}

}  // namespace sonde::inspect
