#include "inspect/statistics/column_order.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "comm/collectives.hpp"

namespace sonde::inspect {
namespace {

constexpr std::size_t most_bins = 4096;

float next(float value) { return std::nextafter(value, std::numeric_limits<float>::infinity()); }

}  // namespace

ColumnOrder::ColumnOrder(std::vector<float> pilot) : binned_(true) {
  std::erase_if(pilot, [](float value) { return std::isnan(value); });
  std::ranges::sort(pilot);
  std::size_t const n = pilot.size();
  std::size_t const edges = std::min(n, most_bins);
  for (std::size_t i = 0; i < edges; ++i) {
    std::size_t const place = i * n / edges;
    float const value = pilot[place];
    bool const repeated = (place > 0 && pilot[place - 1] == value) || (place + 1 < n && pilot[place + 1] == value);
    values_.push_back(value);
    if (repeated) values_.push_back(next(value));
  }
  std::ranges::sort(values_);
  values_.erase(std::unique(values_.begin(), values_.end()), values_.end());
  counts_.resize(values_.size() + 1);
  index();
}

ColumnOrder ColumnOrder::with_edges(std::vector<float> edges) {
  ColumnOrder column;
  column.binned_ = true;
  column.values_ = std::move(edges);
  column.counts_.resize(column.values_.size() + 1);
  column.index();
  return column;
}

/// Divides values_, which are ascending, into as many cells.
void ColumnOrder::index() {
  std::size_t const cells = values_.size();
  scale_ = cells < 2 ? 0 : static_cast<double>(cells) / (static_cast<double>(values_.back()) - values_.front());
  if (!std::isfinite(scale_)) scale_ = 0;
  starts_.assign(cells + 1, 0);
  for (float value : values_) ++starts_[cell(value) + 1];
  for (std::size_t c = 0; c < cells; ++c) starts_[c + 1] += starts_[c];
}

/// Never falls when the value grows.
std::size_t ColumnOrder::cell(float value) const {
  double const place = (static_cast<double>(value) - values_.front()) * scale_;
  if (!(place > 0)) return 0;  // NaN too
  return static_cast<std::size_t>(std::min(place, static_cast<double>(values_.size() - 1)));
}

/// How many of values_ are not above `value`.
std::size_t ColumnOrder::bin(float value) const {
  if (values_.empty()) return 0;
  std::size_t const c = cell(value);
  return static_cast<std::size_t>(
      std::upper_bound(values_.begin() + starts_[c], values_.begin() + starts_[c + 1], value) - values_.begin());
}

void ColumnOrder::insert(float value) {
  if (std::isnan(value)) return;
  least_ = count_ == 0 ? value : std::min(least_, value);
  most_ = count_ == 0 ? value : std::max(most_, value);
  ++count_;
  if (binned_) {
    ++counts_[bin(value)];
  } else {
    values_.push_back(value);
  }
}

void ColumnOrder::add(ColumnOrder const& other) {
  if (other.count_ == 0) return;
  least_ = count_ == 0 ? other.least_ : std::min(least_, other.least_);
  most_ = count_ == 0 ? other.most_ : std::max(most_, other.most_);
  count_ += other.count_;
  if (binned_) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  } else {
    values_.insert(values_.end(), other.values_.begin(), other.values_.end());
  }
}

void ColumnOrder::clear() {
  count_ = 0;
  if (binned_) {
    std::ranges::fill(counts_, 0);
  } else {
    values_.clear();
  }
}

ColumnOrder::Seen ColumnOrder::seen() const {
  Seen seen;
  if (binned_) return {{}, counts_};
  bool const finished = !before_.empty();
  seen.values = values_;
  std::ranges::sort(seen.values);
  std::size_t different = 0;
  for (std::size_t i = 0; i < seen.values.size(); ++i) {
    std::int64_t const rows = finished ? before_[i + 1] - before_[i] : 1;
    if (different > 0 && seen.values[i] == seen.values[different - 1]) {
      seen.rows.back() += rows;
      continue;
    }
    seen.values[different++] = seen.values[i];
    seen.rows.push_back(rows);
  }
  seen.values.resize(different);
  return seen;
}

void ColumnOrder::add(Seen const& seen, float least, float most) {
  std::int64_t count = 0;
  for (std::size_t i = 0; i < seen.rows.size(); ++i) {
    count += seen.rows[i];
    if (binned_) {
      counts_[i] += seen.rows[i];
    } else {
      values_.insert(values_.end(), static_cast<std::size_t>(seen.rows[i]), seen.values[i]);
    }
  }
  if (count == 0) return;
  least_ = count_ == 0 ? least : std::min(least_, least);
  most_ = count_ == 0 ? most : std::max(most_, most);
  count_ += count;
}

void ColumnOrder::merge(comm::Communicator const& comm) {
  if (binned_) {
    comm::allreduce(comm, comm::Reduction::sum, std::span(counts_));
  } else {
    values_ = comm::allgather<float>(comm, std::span<float const>(values_));
  }
  float const infinity = std::numeric_limits<float>::infinity();
  least_ = comm::allreduce(comm, comm::Reduction::min, count_ == 0 ? infinity : least_);
  most_ = comm::allreduce(comm, comm::Reduction::max, count_ == 0 ? -infinity : most_);
  count_ = comm::allreduce(comm, comm::Reduction::sum, count_);
}

void ColumnOrder::finish() {
  before_.clear();
  if (binned_) {
    before_.push_back(0);
    for (std::int64_t count : counts_) before_.push_back(before_.back() + count);
    return;
  }
  std::ranges::sort(values_);
  std::size_t different = 0;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (i > 0 && values_[i] == values_[different - 1]) continue;
    values_[different++] = values_[i];
    before_.push_back(static_cast<std::int64_t>(i));
  }
  before_.push_back(count_);
  values_.resize(different);
  values_.shrink_to_fit();
  index();
}

double ColumnOrder::rank(float value) const {
  std::size_t i = bin(value);
  if (!binned_) {
    if (i == 0 || values_[i - 1] != value) return static_cast<double>(before_[i]) + 0.5;  // a value not seen
    --i;
  }
  return 0.5 * static_cast<double>(before_[i] + before_[i + 1] + 1);
}

/// The value of the row at `place` (from 0) in ascending order.
float ColumnOrder::value_at(std::int64_t place) const {
  auto const after = std::upper_bound(before_.begin(), before_.end() - 1, place);
  return values_[static_cast<std::size_t>(after - before_.begin() - 1)];
}

std::vector<double> ColumnOrder::inner_edges(std::int64_t bins) const {
  std::vector<double> edges;
  if (count_ == 0 || values_.empty()) return std::vector<double>(static_cast<std::size_t>(bins - 1), 0.0);
  for (std::int64_t i = 1; i < bins; ++i) {
    double const share = static_cast<double>(i) / static_cast<double>(bins);
    if (binned_) {
      std::int64_t const target = std::llround(share * static_cast<double>(count_));
      // before_[b] rows lie below the edge values_[b - 1].
      auto const begin = before_.begin() + 1, end = before_.end() - 1;
      auto above = std::lower_bound(begin, end, target);
      if (above == end || (above != begin && target - *(above - 1) < *above - target)) --above;
      edges.push_back(values_[static_cast<std::size_t>(above - begin)]);
      continue;
    }
    double const place = share * static_cast<double>(count_ - 1);
    auto const below = static_cast<std::int64_t>(place);
    double const low = value_at(below), high = value_at(std::min(below + 1, count_ - 1));
    edges.push_back(low + (high - low) * (place - static_cast<double>(below)));
  }
  return edges;
}

double ColumnOrder::rank_error() const {
  if (!binned_ || count_ == 0) return 0;
  std::int64_t largest = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    float const from = i == 0 ? least_ : std::max(least_, values_[i - 1]);
    bool const single = from == most_ || (i < values_.size() && next(from) == values_[i]);
    if (!single) largest = std::max(largest, counts_[i]);
  }
  return 0.5 * static_cast<double>(largest) / static_cast<double>(count_);
}

void ColumnClasses::insert(float value) {
  if (too_many_ || std::isnan(value)) return;
  auto const place = std::ranges::lower_bound(values_, value);
  if (place != values_.end() && *place == value) return;
  values_.insert(place, value);
  if (values_.size() <= most) return;
  too_many_ = true;
  values_.clear();
}

std::vector<float> ColumnClasses::seen() const {
  if (!too_many_) return values_;
  std::vector<float> any(most + 1);
  for (std::size_t i = 0; i < any.size(); ++i) any[i] = static_cast<float>(i);
  return any;
}

void ColumnClasses::add(ColumnClasses const& other) {
  if (other.too_many_) {
    too_many_ = true;
    values_.clear();
  }
  for (float value : other.values_) insert(value);
}

void ColumnClasses::merge(comm::Communicator const& comm) {
  too_many_ = comm::allreduce(comm, comm::Reduction::max, std::int32_t{too_many_}) != 0;
  auto const all = comm::allgather<float>(comm, std::span<float const>(values_));
  values_.clear();
  for (float value : all) insert(value);
}

void TopValues::insert(float value) {
  if (size_ == 0 || std::isnan(value)) return;
  if (heap_.size() == size_) {
    if (value <= heap_.front()) return;
    std::ranges::pop_heap(heap_, std::greater{});
    heap_.pop_back();
  }
  heap_.push_back(value);
  std::ranges::push_heap(heap_, std::greater{});
}

void TopValues::add(TopValues const& other) {
  for (float value : other.heap_) insert(value);
}

void TopValues::merge(comm::Communicator const& comm) {
  auto const all = comm::allgather<float>(comm, std::span<float const>(heap_));
  heap_.clear();
  for (float value : all) insert(value);
}

void TopValues::finish() { std::ranges::sort(heap_, std::greater{}); }

}  // namespace sonde::inspect
