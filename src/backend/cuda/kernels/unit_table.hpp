// Kernels of UnitTable: what is looked for in a table of unit values, and its sums in double precision.
#pragma once

#include "backend/cuda/kernels/index.hpp"
#include "backend/functors/functions.hpp"

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

/// Sums over rows are taken slice by slice, then over the slices: many threads add, in a fixed order.
inline constexpr std::int64_t rows_of_slice = 64;

/// to[row] = from[places[row]] - shift or its square, and the sums of that and of its squares over each slice of rows.
/// One index is one column of one slice: neighbouring threads read neighbouring columns, and the order of sums is
/// fixed.
struct ShiftColumns {
  float const* from;           // (.., columns)
  std::int32_t const* places;  // (rows), or null: every row is its own
  double const* shift;         // (columns)
  bool square;
  std::int64_t rows, columns;
  double* to;    // (rows, columns)
  double* sums;  // (slices, 2, columns)
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Split const at = split(i, columns);
    std::int64_t const column = at.remainder, first = at.quotient * rows_of_slice;
    std::int64_t const last = smaller(rows, first + rows_of_slice);
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

/// to[row] = (from[places[row]] - mean) * inverse.
struct Standardize {
  float const* from;  // (.., stride), from the first column that is taken
  std::int64_t stride;
  std::int32_t const* places;    // (rows), or null: every row is its own
  double const *mean, *inverse;  // (columns)
  std::int64_t columns;
  float* to;  // (rows, columns)
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Split const at = split(i, columns);
    std::int64_t const place = places ? places[at.quotient] : at.quotient;
    double const value = from[place * stride + at.remainder];
    to[i] = static_cast<float>((value - mean[at.remainder]) * inverse[at.remainder]);
  }
};

/// values = logistic(values + intercept) - target, 0 for a target above 1, and the sums of these residuals r and of
/// |r| (1 - |r|) over each slice of rows. One index is one column of one slice.
struct LogisticResiduals {
  float const* intercept;      // (columns)
  std::uint8_t const* target;  // (rows, columns)
  std::int64_t rows, columns;
  float* values;  // (rows, columns)
  double* sums;   // (slices, 2, columns)
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Split const at = split(i, columns);
    std::int64_t const column = at.remainder, first = at.quotient * rows_of_slice;
    std::int64_t const last = smaller(rows, first + rows_of_slice);
    double sum = 0, curvature = 0;
    for (std::int64_t row = first; row < last; ++row) {
      std::int64_t const place = row * columns + column;
      float residual = 0;
      if (target[place] <= 1)
        residual = functors::Sigmoid{}.value(values[place] + intercept[column]) - static_cast<float>(target[place]);
      values[place] = residual;
      double const off = residual < 0 ? -residual : residual;
      sum += residual;
      curvature += off * (1 - off);
    }
    sums[at.quotient * 2 * columns + column] = sum;
    sums[(at.quotient * 2 + 1) * columns + column] = curvature;
  }
};

/// counts[2 * decided + target] over each slice of rows, decided = values + intercept > 0. One index is one column of
/// one slice.
struct CountDecisions {
  float const* intercept;      // (columns)
  std::uint8_t const* target;  // (rows, columns)
  std::int64_t rows, columns;
  float const* values;  // (rows, columns)
  double* counts;       // (slices, 4, columns)
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Split const at = split(i, columns);
    std::int64_t const column = at.remainder, first = at.quotient * rows_of_slice;
    std::int64_t const last = smaller(rows, first + rows_of_slice);
    double* const to = counts + at.quotient * 4 * columns + column;
    for (int k = 0; k < 4; ++k) to[k * columns] = 0;
    for (std::int64_t row = first; row < last; ++row) {
      std::int64_t const place = row * columns + column;
      if (target[place] > 1) continue;
      int const decided = values[place] + intercept[column] > 0 ? 1 : 0;
      to[(2 * decided + target[place]) * columns] += 1;
    }
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
