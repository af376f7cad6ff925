// Kernels that move elements, or sum those that come from several places. `size` elements make a sample.
#pragma once

#include "backend/cuda/kernels/index.hpp"
#include "backend/functors/binary.hpp"

namespace sonde::backend::kernels {

/// to[block, k] = from[block, k] for k < width, where blocks lie to_step and from_step apart.
struct MoveBlocks {
  float const* from;
  std::int64_t from_step, width;
  float* to;
  std::int64_t to_step;
  bool add;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Split const at = split(i, width);
    write(to + at.quotient * to_step + at.remainder, add, from[at.quotient * from_step + at.remainder]);
  }
};

/// to[n, i] = from[n, source[i]], or `value` where the source is negative.
struct Rearrange {
  float const* from;
  std::int64_t from_size;
  std::int32_t const* source;
  float value;
  float* to;
  std::int64_t to_size;
  bool add;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Split const at = split(i, to_size);
    std::int32_t const place = source[at.remainder];
    write(to + i, add, place >= 0 ? from[at.quotient * from_size + place] : value);
  }
};

/// Which elements of the result each element of an operand goes into: items[first[e]] to items[first[e + 1]],
/// ascending; null when it is the one of the same number.
struct Readers {
  std::int32_t const *first = nullptr, *items = nullptr;
};

/// to[n, e] = sum of from[n, its readers] / divisor
struct Mean {
  float const* from;
  std::int64_t from_size;
  Readers readers;
  double divisor;
  float* to;
  std::int64_t to_size;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Split const at = split(i, to_size);
    float const* const sample = from + at.quotient * from_size;
    double sum = 0;
    for (std::int32_t k = readers.first[at.remainder]; k < readers.first[at.remainder + 1]; ++k)
      sum += sample[readers.items[k]];
    to[i] = static_cast<float>(sum / divisor);
  }
};

/// dx[n, i] = dy[n, target[i]] / divisor
struct MeanBackward {
  float const* dy;
  std::int64_t dy_size;
  std::int32_t const* target;
  double divisor;
  float* dx;
  std::int64_t dx_size;
  bool add;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Split const at = split(i, dx_size);
    write(dx + i, add, dy[at.quotient * dy_size + target[at.remainder]] / divisor);
  }
};

/// One side of an operation on two: the element that goes into result i is at[i], or i when that is null; samples lie
/// `step` apart, 0 for a constant.
struct Operand {
  float const* data = nullptr;
  std::int32_t const* at = nullptr;
  std::int64_t step = 0;
  SONDE_HOST_DEVICE float operator()(std::int64_t n, std::int64_t i) const { return data[n * step + (at ? at[i] : i)]; }
};

struct BinaryForward {
  io::BinaryFunction function;
  Operand a, b;
  std::int64_t size;
  float* y;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Split const at = split(i, size);
    y[i] = functors::value(function, a(at.quotient, at.remainder), b(at.quotient, at.remainder));
  }
};

/// Gradient to side 0 or 1, whose samples have side_size elements.
struct BinaryBackward {
  io::BinaryFunction function;
  int side;
  Operand a, b;
  std::int64_t size, side_size;
  Readers readers;
  float const* dy;
  float* dx;
  bool add;
  SONDE_HOST_DEVICE double term(std::int64_t n, std::int64_t i) const {
    return functors::derivative(function, side, a(n, i), b(n, i)) * dy[n * size + i];
  }
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Split const at = split(i, side_size);
    double sum = 0;
    if (!readers.first) {
      sum = term(at.quotient, at.remainder);
    } else {
      for (std::int32_t k = readers.first[at.remainder]; k < readers.first[at.remainder + 1]; ++k)
        sum += term(at.quotient, readers.items[k]);
    }
    write(dx + i, add, sum);
  }
};

}  // namespace sonde::backend::kernels
