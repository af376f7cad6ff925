#include "inspect/statistics/top_counts.hpp"

#include <cmath>
#include <limits>

#include "base/check.hpp"
#include "inspect/statistics/columns.hpp"

namespace sonde::inspect {
namespace {

void add(std::int64_t n, double const* __restrict from, double* __restrict to) {
  for (std::int64_t i = 0; i < n; ++i) to[i] += from[i];
}

}  // namespace

TopCounts::TopCounts(Order const& order, std::int64_t units, std::int64_t hypotheses, double top, bool partial)
    : units_(units), hypotheses_(hypotheses), partial_(partial), active_(static_cast<std::size_t>(units)) {
  for (std::int64_t u = 0; u < units; ++u) {
    bool const known = order.unit(u).count() > 0;
    float threshold = known ? order.top_value(u, top) : 0;
    // A unit that is at rest (0 behind a ReLU) in more rows than its top set leaves out is active in the others alone.
    if (known && threshold == order.unit(u).least())
      threshold = std::nextafter(threshold, std::numeric_limits<float>::infinity());
    threshold_.push_back(threshold);
    constant_.push_back(order.unit(u).constant() ? 1 : 0);
  }
  of_hypotheses_.resize(static_cast<std::size_t>(hypothesis_rows * hypotheses));
  both_.resize(static_cast<std::size_t>(units * (partial ? 2 : 1) * hypotheses));
}

void TopCounts::update(Rows const& rows) {
  EXPECT(rows.units == units_ && rows.hypotheses == hypotheses_);
  value_.resize(static_cast<std::size_t>(hypotheses_));
  where_.resize(static_cast<std::size_t>(hypotheses_));
  for (std::int64_t row = 0; row < rows.count; ++row) {
    float const* const unit = rows.unit + row * units_;
    float const* const hypothesis = rows.hypothesis + row * hypotheses_;
    for (std::int64_t h = 0; h < hypotheses_; ++h) {
      float const value = hypothesis[h];
      bool const there = !std::isnan(value);
      value_[h] = value == 1 ? 1 : 0;
      where_[h] = there ? 1 : 0;
      if (there && value != 0 && value != 1) of_hypotheses_[not_binary * hypotheses_ + h] += 1;
    }
    add(hypotheses_, where_.data(), of_hypotheses_.data() + annotated * hypotheses_);
    add(hypotheses_, value_.data(), of_hypotheses_.data() + positive * hypotheses_);
    for (std::int64_t u = 0; u < units_; ++u) {
      if (!(unit[u] >= threshold_[u])) continue;
      active_[u] += 1;
      double* const to = both_.data() + u * (partial_ ? 2 : 1) * hypotheses_;
      add(hypotheses_, value_.data(), to);
      if (partial_) add(hypotheses_, where_.data(), to + hypotheses_);
    }
  }
}

std::vector<Sums> TopCounts::sums() {
  return {{Extent::vector, 0, active_},
          {Extent::vector, 0, of_hypotheses_},
          {Extent::pair, (partial_ ? 2 : 1) * hypotheses_, both_}};
}

void TopCounts::retain(std::span<std::int64_t const> keep) {
  keep_columns(of_hypotheses_, hypotheses_, keep);
  keep_columns(both_, hypotheses_, keep);
  hypotheses_ = static_cast<std::int64_t>(keep.size());
}

Overlap TopCounts::overlap(std::int64_t u, std::int64_t h) const {
  double const* const pair = both_.data() + u * (partial_ ? 2 : 1) * hypotheses_ + h;
  return {pair[0], partial_ ? pair[hypotheses_] : active_[static_cast<std::size_t>(u)], of_hypothesis(positive, h),
          of_hypothesis(annotated, h)};
}

}  // namespace sonde::inspect
