#include "inspect/statistics/class_counts.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.hpp"
#include "inspect/statistics/columns.hpp"

namespace sonde::inspect {
namespace {

// Rows counted at once: as many as a byte can count.
constexpr std::int64_t piece = 255;

/// The least float that is not below `edge`: x >= edge is then a comparison of floats.
float float_from(double edge) {
  float const near = static_cast<float>(edge);
  return static_cast<double>(near) < edge ? std::nextafter(near, std::numeric_limits<float>::infinity()) : near;
}

void add(std::int64_t n, std::uint8_t const* __restrict from, std::uint8_t* __restrict to) {
  for (std::int64_t i = 0; i < n; ++i) to[i] = static_cast<std::uint8_t>(to[i] + from[i]);
}

void add(std::int64_t n, std::uint8_t const* __restrict from, double* __restrict to) {
  for (std::int64_t i = 0; i < n; ++i) to[i] += from[i];
}

}  // namespace

ClassCounts::ClassCounts(std::shared_ptr<Order const> order, std::int64_t units, std::int64_t hypotheses,
                         std::int64_t bins, bool partial)
    : order_(std::move(order)), units_(units), bins_(bins), partial_(partial) {
  EXPECT(bins >= 2 && bins <= 256);
  for (std::int64_t u = 0; u < units; ++u) {
    for (double edge : order_->unit(u).inner_edges(bins)) edges_.push_back(float_from(edge));
  }
  for (std::int64_t h = 0; h < hypotheses; ++h) columns_.push_back({h, 0});
  lay_out();
  counts_.resize(static_cast<std::size_t>(units_ * bins_ * width_));
}

void ClassCounts::lay_out() {
  width_ = 1;
  for (std::int64_t h = 0; h < hypotheses(); ++h) {
    columns_[h].first = width_;
    width_ += partial_ ? classes(h) : std::max<std::int64_t>(classes(h) - 1, 0);
  }
}

std::int64_t ClassCounts::classes(std::int64_t h) const {
  return static_cast<std::int64_t>(order_->classes(columns_[static_cast<std::size_t>(h)].place).size());
}

bool ClassCounts::binary(std::int64_t h) const {
  auto const values = order_->classes(columns_[static_cast<std::size_t>(h)].place);
  return values.size() == 2 && values[0] == 0 && values[1] == 1;
}

/// Fills indicators_ for `count` rows from `first` on.
void ClassCounts::indicate(std::int64_t count, Rows const& rows, std::int64_t first) {
  indicators_.assign(static_cast<std::size_t>(piece * width_), 0);
  std::int64_t const left_out = partial_ ? 0 : 1;
  for (std::int64_t row = 0; row < count; ++row) {
    float const* const values = rows.hypothesis + (first + row) * rows.hypotheses;
    std::uint8_t* const to = indicators_.data() + row * width_;
    to[0] = 1;
    for (std::int64_t h = 0; h < rows.hypotheses; ++h) {
      auto const all = order_->classes(columns_[h].place);
      for (std::int64_t c = left_out; c < static_cast<std::int64_t>(all.size()); ++c) {
        if (values[h] == all[c]) to[columns_[h].first + c - left_out] = 1;
      }
    }
  }
}

void ClassCounts::update(Rows const& rows) {
  EXPECT(rows.units == units_ && rows.hypotheses == hypotheses());
  bin_.resize(static_cast<std::size_t>(units_ * piece));
  for (std::int64_t first = 0; first < rows.count; first += piece) {
    std::int64_t const count = std::min(piece, rows.count - first);
    indicate(count, rows, first);
    for (std::int64_t row = 0; row < count; ++row) {
      float const* const values = rows.unit + (first + row) * units_;
      for (std::int64_t u = 0; u < units_; ++u) {
        float const* const edges = edges_.data() + u * (bins_ - 1);
        int bin = 0;
        for (std::int64_t edge = 0; edge + 1 < bins_; ++edge) bin += values[u] >= edges[edge] ? 1 : 0;
        bin_[u * piece + row] = static_cast<std::uint8_t>(bin);
      }
    }
    for (std::int64_t u = 0; u < units_; ++u) {
      piece_counts_.assign(static_cast<std::size_t>(bins_ * width_), 0);
      for (std::int64_t row = 0; row < count; ++row)
        add(width_, indicators_.data() + row * width_, piece_counts_.data() + bin_[u * piece + row] * width_);
      add(bins_ * width_, piece_counts_.data(), counts_.data() + u * bins_ * width_);
    }
  }
}

std::vector<Sums> ClassCounts::sums() { return {{Extent::pair, bins_ * width_, counts_}}; }

void ClassCounts::retain(std::span<std::int64_t const> keep) {
  std::vector<std::int64_t> kept = {0};
  for (std::int64_t h : keep) {
    std::int64_t const end = h + 1 < hypotheses() ? columns_[h + 1].first : width_;
    for (std::int64_t column = columns_[h].first; column < end; ++column) kept.push_back(column);
  }
  keep_columns(counts_, width_, kept);
  keep_columns(columns_, hypotheses(), keep);
  lay_out();
}

void ClassCounts::table(std::int64_t u, std::int64_t h, std::vector<double>& counts) const {
  std::int64_t const number = classes(h);
  counts.assign(static_cast<std::size_t>(bins_ * number), 0);
  for (std::int64_t bin = 0; bin < bins_; ++bin) {
    double const* const from = counts_.data() + (u * bins_ + bin) * width_;
    double* const to = counts.data() + bin * number;
    double rest = from[0];
    for (std::int64_t c = partial_ ? 0 : 1; c < number; ++c) {
      to[c] = from[columns_[h].first + c - (partial_ ? 0 : 1)];
      rest -= to[c];
    }
    if (!partial_ && number > 0) to[0] = rest;
  }
}

}  // namespace sonde::inspect
