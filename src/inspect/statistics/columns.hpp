// Dropping columns of row-major matrices, for Statistic::retain().
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace sonde::inspect {

/// Keeps the columns `keep` (ascending) of a matrix (any number of rows, width).
template <class T>
void keep_columns(std::vector<T>& matrix, std::int64_t width, std::span<std::int64_t const> keep) {
  if (width == 0) return;
  std::size_t const rows = matrix.size() / static_cast<std::size_t>(width);
  std::size_t to = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::int64_t column : keep) matrix[to++] = matrix[row * static_cast<std::size_t>(width) + column];
  }
  matrix.resize(to);
}

}  // namespace sonde::inspect
