// Small helpers of kernels.
#pragma once

#include <cstdint>

#include "backend/functors/host_device.hpp"

namespace sonde::backend::kernels {

struct Split {
  std::int64_t quotient, remainder;
};

/// i / d and i % d of numbers that are not negative; divides in 32 bits where it can, which is many times faster on a
/// GPU.
SONDE_HOST_DEVICE inline Split split(std::int64_t i, std::int64_t d) {
  if (((i | d) >> 32) == 0) {
    auto const i32 = static_cast<std::uint32_t>(i), d32 = static_cast<std::uint32_t>(d);
    std::uint32_t const quotient = i32 / d32;
    return {quotient, i32 - quotient * d32};
  }
  return {i / d, i % d};
}
SONDE_HOST_DEVICE inline std::int64_t remainder(std::int64_t i, std::int64_t d) { return split(i, d).remainder; }

/// *to = value, or += it.
SONDE_HOST_DEVICE inline void write(float* to, bool add, double value) {
  *to = static_cast<float>(add ? *to + value : value);
}

template <class T>
SONDE_HOST_DEVICE T larger(T a, T b) {
  return a < b ? b : a;
}
template <class T>
SONDE_HOST_DEVICE T smaller(T a, T b) {
  return b < a ? b : a;
}

}  // namespace sonde::backend::kernels
