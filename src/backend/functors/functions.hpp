// Elementwise functions, value and derivative, written once: for the reference, the CPU kernels and the CUDA kernels.
//
// A functor is a small struct; with_function() turns an io::Activation into one, so that loops are compiled per
// function. At a kink the derivative is that of the flat (or, for leaky slopes, the lower) side: relu'(0) = 0.
#pragma once

#include <cmath>
#include <numbers>

#include "backend/functors/host_device.hpp"
#include "io/models/ops.hpp"

namespace sonde::backend::functors {

struct Identity {
  SONDE_HOST_DEVICE float value(float x) const { return x; }
  SONDE_HOST_DEVICE float derivative(float) const { return 1; }
};

struct Relu {
  SONDE_HOST_DEVICE float value(float x) const { return x > 0 ? x : 0; }
  SONDE_HOST_DEVICE float derivative(float x) const { return x > 0 ? 1.0F : 0.0F; }
};

struct ReluCapped {
  float cap;
  SONDE_HOST_DEVICE float value(float x) const { return x > 0 ? (x < cap ? x : cap) : 0; }
  SONDE_HOST_DEVICE float derivative(float x) const { return x > 0 && x < cap ? 1.0F : 0.0F; }
};

struct LeakyRelu {
  float slope;
  SONDE_HOST_DEVICE float value(float x) const { return x > 0 ? x : slope * x; }
  SONDE_HOST_DEVICE float derivative(float x) const { return x > 0 ? 1 : slope; }
};

struct ThresholdedRelu {
  float threshold;
  SONDE_HOST_DEVICE float value(float x) const { return x > threshold ? x : 0; }
  SONDE_HOST_DEVICE float derivative(float x) const { return x > threshold ? 1.0F : 0.0F; }
};

struct Elu {
  float alpha;
  SONDE_HOST_DEVICE float value(float x) const { return x > 0 ? x : alpha * std::expm1(x); }
  SONDE_HOST_DEVICE float derivative(float x) const { return x > 0 ? 1 : alpha * std::exp(x); }
};

struct Selu {
  float alpha, scale;
  SONDE_HOST_DEVICE float value(float x) const { return scale * (x > 0 ? x : alpha * std::expm1(x)); }
  SONDE_HOST_DEVICE float derivative(float x) const { return scale * (x > 0 ? 1 : alpha * std::exp(x)); }
};

struct Sigmoid {
  SONDE_HOST_DEVICE float value(float x) const {
    float const e = std::exp(-std::fabs(x));  // never overflows
    return (x > 0 ? 1 : e) / (1 + e);
  }
  SONDE_HOST_DEVICE float derivative(float x) const {
    float const e = std::exp(-std::fabs(x));
    return e / ((1 + e) * (1 + e));
  }
};

struct HardSigmoid {
  float slope, offset;
  SONDE_HOST_DEVICE float value(float x) const { return std::fmin(std::fmax(slope * x + offset, 0.0F), 1.0F); }
  SONDE_HOST_DEVICE float derivative(float x) const {
    float const line = slope * x + offset;
    return line > 0 && line < 1 ? slope : 0;
  }
};

struct Tanh {
  SONDE_HOST_DEVICE float value(float x) const { return std::tanh(x); }
  SONDE_HOST_DEVICE float derivative(float x) const {
    float const y = std::tanh(x);
    return (1 - y) * (1 + y);
  }
};

struct Softplus {
  SONDE_HOST_DEVICE float value(float x) const { return std::fmax(x, 0.0F) + std::log1p(std::exp(-std::fabs(x))); }
  SONDE_HOST_DEVICE float derivative(float x) const { return Sigmoid{}.value(x); }
};

struct Softsign {
  SONDE_HOST_DEVICE float value(float x) const { return x / (1 + std::fabs(x)); }
  SONDE_HOST_DEVICE float derivative(float x) const {
    float const d = 1 + std::fabs(x);
    return 1 / (d * d);
  }
};

struct Swish {
  SONDE_HOST_DEVICE float value(float x) const { return x * Sigmoid{}.value(x); }
  SONDE_HOST_DEVICE float derivative(float x) const { return Sigmoid{}.value(x) + x * Sigmoid{}.derivative(x); }
};

struct HardSwish {
  SONDE_HOST_DEVICE float value(float x) const { return x * std::fmin(std::fmax(x / 6 + 0.5F, 0.0F), 1.0F); }
  SONDE_HOST_DEVICE float derivative(float x) const { return x <= -3 ? 0 : (x >= 3 ? 1 : x / 3 + 0.5F); }
};

struct Gelu {
  SONDE_HOST_DEVICE float value(float x) const { return 0.5F * x * (1 + std::erf(x * half_root)); }
  SONDE_HOST_DEVICE float derivative(float x) const {
    constexpr float density = std::numbers::inv_sqrtpi_v<float> * half_root;  // 1 / sqrt(2 pi)
    return 0.5F * (1 + std::erf(x * half_root)) + x * density * std::exp(-0.5F * x * x);
  }
  static constexpr float half_root = std::numbers::sqrt2_v<float> / 2;
};

struct Erf {
  SONDE_HOST_DEVICE float value(float x) const { return std::erf(x); }
  SONDE_HOST_DEVICE float derivative(float x) const { return 2 * std::numbers::inv_sqrtpi_v<float> * std::exp(-x * x); }
};

struct Exp {
  SONDE_HOST_DEVICE float value(float x) const { return std::exp(x); }
  SONDE_HOST_DEVICE float derivative(float x) const { return std::exp(x); }
};

struct Log {
  SONDE_HOST_DEVICE float value(float x) const { return std::log(x); }
  SONDE_HOST_DEVICE float derivative(float x) const { return 1 / x; }
};

struct Sqrt {
  SONDE_HOST_DEVICE float value(float x) const { return std::sqrt(x); }
  SONDE_HOST_DEVICE float derivative(float x) const { return 0.5F / std::sqrt(x); }
};

struct Abs {
  SONDE_HOST_DEVICE float value(float x) const { return std::fabs(x); }
  SONDE_HOST_DEVICE float derivative(float x) const { return x > 0 ? 1.0F : (x < 0 ? -1.0F : 0.0F); }
};

struct Negate {
  SONDE_HOST_DEVICE float value(float x) const { return -x; }
  SONDE_HOST_DEVICE float derivative(float) const { return -1; }
};

struct Reciprocal {
  SONDE_HOST_DEVICE float value(float x) const { return 1 / x; }
  SONDE_HOST_DEVICE float derivative(float x) const { return -1 / (x * x); }
};

struct Atan {
  SONDE_HOST_DEVICE float value(float x) const { return std::atan(x); }
  SONDE_HOST_DEVICE float derivative(float x) const { return 1 / (1 + x * x); }
};

struct Clip {
  float low, high;
  SONDE_HOST_DEVICE float value(float x) const { return std::fmin(std::fmax(x, low), high); }
  SONDE_HOST_DEVICE float derivative(float x) const { return x > low && x < high ? 1.0F : 0.0F; }
};

struct Power {
  float exponent;
  SONDE_HOST_DEVICE float value(float x) const { return std::pow(x, exponent); }
  SONDE_HOST_DEVICE float derivative(float x) const { return exponent * std::pow(x, exponent - 1); }
};

/// Calls visitor(functor) for the functor of `a`.
template <class Visitor>
SONDE_HOST_DEVICE auto with_function(io::Activation const& a, Visitor&& visitor) {
  using io::Function;
  switch (a.function) {
    case Function::relu:
      return visitor(Relu{});
    case Function::relu_capped:
      return visitor(ReluCapped{a.alpha});
    case Function::leaky_relu:
      return visitor(LeakyRelu{a.alpha});
    case Function::thresholded_relu:
      return visitor(ThresholdedRelu{a.alpha});
    case Function::elu:
      return visitor(Elu{a.alpha});
    case Function::selu:
      return visitor(Selu{a.alpha, a.beta});
    case Function::sigmoid:
      return visitor(Sigmoid{});
    case Function::hard_sigmoid:
      return visitor(HardSigmoid{a.alpha, a.beta});
    case Function::tanh:
      return visitor(Tanh{});
    case Function::softplus:
      return visitor(Softplus{});
    case Function::softsign:
      return visitor(Softsign{});
    case Function::swish:
      return visitor(Swish{});
    case Function::hard_swish:
      return visitor(HardSwish{});
    case Function::gelu:
      return visitor(Gelu{});
    case Function::erf:
      return visitor(Erf{});
    case Function::exp:
      return visitor(Exp{});
    case Function::log:
      return visitor(Log{});
    case Function::sqrt:
      return visitor(Sqrt{});
    case Function::abs:
      return visitor(Abs{});
    case Function::negate:
      return visitor(Negate{});
    case Function::reciprocal:
      return visitor(Reciprocal{});
    case Function::atan:
      return visitor(Atan{});
    case Function::clip:
      return visitor(Clip{a.alpha, a.beta});
    case Function::power:
      return visitor(Power{a.alpha});
    case Function::identity:
      break;
  }
  return visitor(Identity{});
}

struct ValueAt {
  float x;
  template <class F>
  SONDE_HOST_DEVICE float operator()(F f) const {
    return f.value(x);
  }
};
struct DerivativeAt {
  float x;
  template <class F>
  SONDE_HOST_DEVICE float operator()(F f) const {
    return f.derivative(x);
  }
};

/// f(x) and f'(x), chosen for each element: for kernels, where the choice costs less than the memory.
SONDE_HOST_DEVICE inline float value(io::Activation const& a, float x) { return with_function(a, ValueAt{x}); }
SONDE_HOST_DEVICE inline float derivative(io::Activation const& a, float x) {
  return with_function(a, DerivativeAt{x});
}

}  // namespace sonde::backend::functors
