// Kernels of UnitTable: what is looked for in a table of unit values, and its sums in double precision.
#pragma once

#include "backend/cuda/kernels/index.hpp"

namespace sonde::backend::kernels {

/// found[row] = the row's first unit whose value is not finite, or -1.
struct FindNotFinite {
  std::int64_t rows, units;
  float const* values;
  std::int32_t* found;
  SONDE_HOST_DEVICE std::int64_t count() const { return rows; }
  template <class Team>
  SONDE_HOST_DEVICE void operator()(Team& team, std::int64_t row) const {
    auto first = static_cast<double>(units);
    for (std::int64_t u = team.rank; u < units; u += team.size) {
      float const value = values[row * units + u];
      if (!(value - value == 0)) first = smaller(first, static_cast<double>(u));
    }
    first = team.smallest(first);
    if (team.rank == 0) found[row] = first < static_cast<double>(units) ? static_cast<std::int32_t>(first) : -1;
  }
};

/// to[row] = from[places[row]] - shift or its square, and the sums of that and of its squares over each slice of rows.
/// One index is one column of one slice: neighbouring threads read neighbouring columns, and the order of sums is
/// fixed.
struct ShiftColumns {
  static constexpr std::int64_t slice = 64;  // rows

  float const* from;           // (.., columns)
  std::int32_t const* places;  // (rows), or null: every row is its own
  double const* shift;         // (columns)
  bool square;
  std::int64_t rows, columns;
  double* to;    // (rows, columns)
  double* sums;  // (slices, 2, columns)
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Split const at = split(i, columns);
    std::int64_t const column = at.remainder, first = at.quotient * slice;
    std::int64_t const last = smaller(rows, first + slice);
    double sum = 0, squares = 0;
    for (std::int64_t row = first; row < last; ++row) {
      std::int64_t const place = places ? places[row] : row;
      double const shifted = double{from[place * columns + column]} - shift[column];
      double const value = square ? shifted * shifted : shifted;
      to[row * columns + column] = value;
      sum += value;
      squares += value * value;
    }
    sums[at.quotient * 2 * columns + column] = sum;
    sums[(at.quotient * 2 + 1) * columns + column] = squares;
  }
};

/// to (width) = sum of parts (slices, width), in order.
struct SumSlices {
  double const* parts;
  std::int64_t slices, width;
  double* to;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    double sum = 0;
    for (std::int64_t slice = 0; slice < slices; ++slice) sum += parts[slice * width + i];
    to[i] = sum;
  }
};

}  // namespace sonde::backend::kernels
