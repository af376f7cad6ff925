// Kernels over the units of a row, the last axis: softmax, local response normalisation, unit values and their
// gradient.
#pragma once

#include <cmath>
#include <limits>

#include "backend/backend.hpp"
#include "backend/cuda/kernels/index.hpp"

namespace sonde::backend::kernels {

/// Rows of `units`: y_k = e^x_k / sum of e^x, or its logarithm.
struct SoftmaxForward {
  bool log;
  std::int64_t rows, units;
  float const* x;
  float* y;
  SONDE_HOST_DEVICE std::int64_t count() const { return rows; }
  template <class Team>
  SONDE_HOST_DEVICE void operator()(Team& team, std::int64_t row) const {
    float const* const from = x + row * units;
    double top = from[0];
    for (std::int64_t k = team.rank; k < units; k += team.size) top = larger(top, double{from[k]});
    top = team.largest(top);
    double part = 0;
    for (std::int64_t k = team.rank; k < units; k += team.size) part += std::exp(from[k] - top);
    double const logarithm = std::log(team.sum(part));
    for (std::int64_t k = team.rank; k < units; k += team.size) {
      double const value = from[k] - top - logarithm;
      y[row * units + k] = static_cast<float>(log ? value : std::exp(value));
    }
  }
};

/// softmax: dx = y (dy - sum of y dy); log softmax: dx = dy - e^y sum of dy
struct SoftmaxBackward {
  bool log;
  std::int64_t rows, units;
  float const *y, *dy;
  float* dx;
  bool add;
  SONDE_HOST_DEVICE std::int64_t count() const { return rows; }
  template <class Team>
  SONDE_HOST_DEVICE void operator()(Team& team, std::int64_t row) const {
    float const *const value = y + row * units, *const gradient = dy + row * units;
    double part = 0;
    for (std::int64_t k = team.rank; k < units; k += team.size)
      part += log ? double{gradient[k]} : double{value[k]} * gradient[k];
    double const sum = team.sum(part);
    for (std::int64_t k = team.rank; k < units; k += team.size) {
      double const d = log ? gradient[k] - std::exp(double{value[k]}) * sum : value[k] * (gradient[k] - sum);
      write(dx + row * units + k, add, d);
    }
  }
};

/// y_c = x_c s_c^-beta, s_c = bias + alpha / size * sum of x_j^2 over the window of unit c (ONNX LRN)
struct LrnShape {
  std::int64_t size, units;
  float alpha, beta, bias;
  SONDE_HOST_DEVICE std::int64_t first(std::int64_t c) const { return larger<std::int64_t>(0, c - (size - 1) / 2); }
  SONDE_HOST_DEVICE std::int64_t last(std::int64_t c) const { return smaller(units - 1, c + size / 2); }
  SONDE_HOST_DEVICE double scale(float const* x, std::int64_t c) const {
    double squares = 0;
    for (std::int64_t j = first(c); j <= last(c); ++j) squares += double{x[j]} * x[j];
    return bias + alpha / static_cast<double>(size) * squares;
  }
};

struct LrnForward {
  LrnShape shape;
  float const* x;
  float* y;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    std::int64_t const c = remainder(i, shape.units);
    double const power = std::pow(shape.scale(x + i - c, c), static_cast<double>(-shape.beta));
    y[i] = static_cast<float>(x[i] * power);
  }
};

struct LrnBackward {
  LrnShape shape;
  float const *x, *dy;
  float* dx;
  bool add;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    std::int64_t const j = remainder(i, shape.units);
    float const *const row = x + i - j, *const gradient = dy + i - j;
    double sum = 0;
    // The units whose windows hold j: those from j - size / 2 to j + (size - 1) / 2.
    std::int64_t const first = larger<std::int64_t>(0, j - shape.size / 2);
    std::int64_t const last = smaller(shape.units - 1, j + (shape.size - 1) / 2);
    for (std::int64_t c = first; c <= last; ++c) {
      double const s = shape.scale(row, c);
      double const power = std::pow(s, static_cast<double>(-shape.beta));
      double const factor = 2 * shape.beta * shape.alpha / static_cast<double>(shape.size);
      sum -= factor * gradient[c] * row[c] * power / s * row[j];
      if (c == j) sum += gradient[j] * power;
    }
    write(dx + i, add, sum);
  }
};

/// values (batch, units) by UnitReduction, of samples of (positions, units).
struct UnitValues {
  UnitReduction reduction;
  std::int64_t batch, positions, units;
  float const* tensor;
  float* values;

  SONDE_HOST_DEVICE std::int64_t count() const { return batch; }

  template <class Team>
  SONDE_HOST_DEVICE void operator()(Team& team, std::int64_t n) const {
    float const* const sample = tensor + n * positions * units;
    double low = 0, range = 1;
    if (reduction == UnitReduction::scaled_mean) {
      double least = sample[0], most = sample[0];
      for (std::int64_t i = team.rank; i < positions * units; i += team.size) {
        least = smaller(least, double{sample[i]});
        most = larger(most, double{sample[i]});
      }
      low = team.smallest(least);
      most = team.largest(most);
      range = low == most ? std::numeric_limits<double>::quiet_NaN() : most - low;
    }
    // Neighbouring threads take neighbouring units; when there are more threads than units, several share one.
    std::int64_t const lanes = units < team.size ? team.size / units : 1;
    for (std::int64_t first = 0; first < units; first += team.size) {
      std::int64_t const lane = team.rank / units, unit = first + (lanes > 1 ? team.rank % units : team.rank);
      bool const works = unit < units && (lanes == 1 || lane < lanes);
      if (works) team.scratch[team.rank] = partial(sample + unit, lanes > 1 ? lane : 0, lanes);
      team.wait();
      if (works && (lanes == 1 || lane == 0)) {
        double value = team.scratch[team.rank];
        for (std::int64_t other = 1; other < lanes; ++other)
          value = join(value, team.scratch[team.rank + other * units]);
        if (reduction != UnitReduction::maximum) value /= static_cast<double>(positions);
        values[n * units + unit] = static_cast<float>((value - low) / range);
      }
      team.wait();
    }
  }

 private:
  SONDE_HOST_DEVICE double join(double a, double b) const {
    return reduction == UnitReduction::maximum ? larger(a, b) : a + b;
  }
  /// Of every `lanes`-th position from `lane` on; of a maximum, a lane without positions has the first.
  SONDE_HOST_DEVICE double partial(float const* unit, std::int64_t lane, std::int64_t lanes) const {
    double value = reduction == UnitReduction::maximum ? double{unit[0]} : 0;
    for (std::int64_t p = lane; p < positions; p += lanes) value = join(value, unit[p * units]);
    return value;
  }
};

/// For each sample whose pick names `layer`: gradient[.., unit] += weight / positions.
struct AddUnitGradient {
  UnitPick const* picks;
  std::int32_t layer;
  std::int64_t positions, units;
  float* gradient;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Split const at = split(i, positions);
    UnitPick const& pick = picks[at.quotient];
    if (pick.layer == layer) gradient[i * units + pick.unit] += pick.weight / static_cast<float>(positions);
  }
};

}  // namespace sonde::backend::kernels
