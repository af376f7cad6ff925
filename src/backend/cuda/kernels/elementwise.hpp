// Kernels in which every element stands for itself.
#pragma once

#include <limits>

#include "backend/cuda/kernels/index.hpp"
#include "backend/functors/functions.hpp"

namespace sonde::backend::kernels {

/// to += from
struct Add {
  float const* from;
  float* to;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const { to[i] += from[i]; }
};

/// y = f(x)
struct ActivationForward {
  io::Activation f;
  float const* x;
  float* y;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const { y[i] = functors::value(f, x[i]); }
};

/// dx = f'(x) dy
struct ActivationBackward {
  io::Activation f;
  float const *x, *dy;
  float* dx;
  bool add;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const { write(dx + i, add, functors::derivative(f, x[i]) * dy[i]); }
};

/// y = f(sum + bias), the bias per unit or null; what f is taken of is kept in z unless that is null. sum, z and y may
/// be the same.
struct BiasActivation {
  io::Activation f;
  float const *sum, *bias;
  std::int64_t units;
  float *z, *y;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    float const at = bias ? sum[i] + bias[remainder(i, units)] : sum[i];
    if (z) z[i] = at;
    y[i] = functors::value(f, at);
  }
};

/// y = scale x + shift, each repeated.
struct ScaleShiftForward {
  float const *x, *scale, *shift;
  std::int64_t scales, shifts;
  float* y;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    y[i] = scale[remainder(i, scales)] * x[i] + shift[remainder(i, shifts)];
  }
};

struct ScaleShiftBackward {
  float const *dy, *scale;
  std::int64_t scales;
  float* dx;
  bool add;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const { write(dx + i, add, scale[remainder(i, scales)] * dy[i]); }
};

/// x < 0 ? slope x : x, the slope repeated.
struct PReluForward {
  float const *x, *slope;
  std::int64_t slopes;
  float* y;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    y[i] = functors::LeakyRelu{slope[remainder(i, slopes)]}.value(x[i]);
  }
};

struct PReluBackward {
  float const *x, *slope, *dy;
  std::int64_t slopes;
  float* dx;
  bool add;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    write(dx + i, add, functors::LeakyRelu{slope[remainder(i, slopes)]}.derivative(x[i]) * dy[i]);
  }
};

/// Row round(id) of a table (ids, width); NaN for an id that it has no row for.
struct EmbeddingForward {
  float const *id, *table;
  std::int64_t ids, width;
  float* y;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Split const at = split(i, width);
    float const row = std::round(id[at.quotient]);
    bool const known = row >= 0 && row < static_cast<float>(ids);
    y[i] =
        known ? table[static_cast<std::int64_t>(row) * width + at.remainder] : std::numeric_limits<float>::quiet_NaN();
  }
};

}  // namespace sonde::backend::kernels
