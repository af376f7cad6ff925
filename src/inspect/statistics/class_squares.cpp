#include "inspect/statistics/class_squares.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "backend/blas.hpp"
#include "base/check.hpp"
#include "inspect/measures/measure.hpp"
#include "inspect/statistics/columns.hpp"

namespace sonde::inspect {
namespace {

constexpr std::int64_t piece = 256;  // rows multiplied at once, as in the moments

}  // namespace

ClassSquares::ClassSquares(Pilot const& pilot, bool partial)
    : units_(static_cast<std::int64_t>(pilot.unit_mean.size())),
      hypotheses_(static_cast<std::int64_t>(pilot.hypothesis_mean.size())),
      partial_(partial),
      shift_(pilot.unit_mean),
      squares_(static_cast<std::size_t>(units_ * hypotheses_)) {}

void ClassSquares::update(Rows const& rows) {
  EXPECT(rows.units == units_ && rows.hypotheses == hypotheses_);
  if (rows.count == 0) return;
  if (!rows.unit) return sum_there(rows);
  xx_.resize(static_cast<std::size_t>(piece * units_));
  y_.resize(static_cast<std::size_t>(piece * hypotheses_));
  for (std::int64_t first = 0; first < rows.count; first += piece) {
    std::int64_t const count = std::min(piece, rows.count - first);
    for (std::int64_t row = 0; row < count; ++row) {
      float const* const unit = rows.unit + (first + row) * units_;
      for (std::int64_t u = 0; u < units_; ++u) {
        double const value = static_cast<double>(unit[u]) - shift_[u];
        xx_[row * units_ + u] = value * value;
      }
      float const* const hypothesis = rows.hypothesis + (first + row) * hypotheses_;
      for (std::int64_t h = 0; h < hypotheses_; ++h)
        y_[row * hypotheses_ + h] = std::isnan(hypothesis[h]) ? 0.0 : static_cast<double>(hypothesis[h]);
    }
    backend::add_column_products(count, units_, hypotheses_, xx_.data(), y_.data(), squares_.data());
  }
}

void ClassSquares::sum_there(Rows const& rows) {
  EXPECT(rows.there && takes_tables());
  std::vector<double> const no_shift(static_cast<std::size_t>(hypotheses_));
  rows.there->sum(backend::UnitTerm::square, shift_, no_shift, rows.hypothesis, block_);
  std::ranges::transform(squares_, block_.xy, squares_.begin(), std::plus<>());
}

std::vector<Sums> ClassSquares::sums() { return {{Extent::pair, hypotheses_, squares_}}; }

void ClassSquares::retain(std::span<std::int64_t const> keep) {
  keep_columns(squares_, hypotheses_, keep);
  hypotheses_ = static_cast<std::int64_t>(keep.size());
}

}  // namespace sonde::inspect
