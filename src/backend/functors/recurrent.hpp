// One time step of a recurrent layer for one unit, forwards and backwards, written once: for the reference in double,
// for the CPU loops in float (every function is straight-line code, so that loops over units are vectorised), and for
// CUDA kernels.
#pragma once

#include <cmath>
#include <cstdint>

#include "backend/functors/functions.hpp"

// Inlined always: the linker must never pick the copy of a file that was compiled for other instructions.
#define SONDE_STEP [[gnu::always_inline]] SONDE_HOST_DEVICE

namespace sonde::backend::functors {

// Functions in float are straight-line code, choices made by bit masks: where a loop chooses by comparison, compilers
// see branches and make no vectors.

SONDE_STEP inline std::int32_t bits(float x) { return __builtin_bit_cast(std::int32_t, x); }
/// All bits set where x < 0 (or -0), for a choice between two floats.
SONDE_STEP inline std::int32_t sign_mask(float x) { return bits(x) >> 31; }
/// All bits set where x < bound; both at least +0.
SONDE_STEP inline std::int32_t below_mask(float x, float bound) { return (bits(x) - bits(bound)) >> 31; }
SONDE_STEP inline float choose(std::int32_t mask, float a, float b) {
  return __builtin_bit_cast(float, (bits(a) & mask) | (bits(b) & ~mask));
}

SONDE_STEP inline float magnitude(float x) { return __builtin_bit_cast(float, bits(x) & 0x7fffffff); }

/// e^-x for x >= 0, within 1 unit in the last place down to e^-87.3, which stands for all beyond; NaN for NaN. Cephes'
/// expf (Moshier): a polynomial around the nearest multiple of log 2.
SONDE_STEP inline float decay(float x) {
  constexpr float rounder = 12582912.0F;  // 1.5 * 2^23: adding it leaves an integer in the low bits
  constexpr float largest = 87.3F;
  // Infinity and below, but not NaN, is brought to `largest` when beyond it.
  std::int32_t const kept = below_mask(x, largest) | ~below_mask(x, __builtin_nanf(""));
  float const y = -choose(kept, x, largest);
  float const shifted = y * 1.44269504088896341F + rounder;
  float const n = shifted - rounder;
  float const r = y - n * 0.693359375F - n * -2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  auto const power = __builtin_bit_cast(std::uint32_t, shifted) - __builtin_bit_cast(std::uint32_t, rounder) + 127;
  return (p * r * r + r + 1) * __builtin_bit_cast(float, power << 23);
}

SONDE_STEP inline double logistic(double x) { return 1 / (1 + std::exp(-x)); }
/// 1 / (1 + e^-x) within 3 units in the last place.
SONDE_STEP inline float logistic(float x) {
  float const e = decay(magnitude(x));
  return choose(sign_mask(x), e, 1) / (1 + e);
}

SONDE_STEP inline double hyperbolic_tangent(double x) { return std::tanh(x); }
/// Within 2 units in the last place. Cephes' tanhf: a polynomial near 0, where the quotient would cancel.
SONDE_STEP inline float hyperbolic_tangent(float x) {
  float const e = decay(2 * magnitude(x));
  float const far = __builtin_bit_cast(float, bits((1 - e) / (1 + e)) | (bits(x) & ~0x7fffffff));
  float const z = x * x;
  float p = -5.70498872745e-3F;
  p = p * z + 2.06390887954e-2F;
  p = p * z - 5.37397155531e-2F;
  p = p * z + 1.33314422036e-1F;
  p = p * z - 3.33332819422e-1F;
  float const near = p * z * x + x;
  return choose(below_mask(z, 0.390625F), near, far);
}

// Functions of gates and states; the slope is that at the place where the value is y.

struct GateSigmoid {
  template <class Real>
  SONDE_STEP Real value(Real x) const {
    return logistic(x);
  }
  template <class Real>
  SONDE_STEP Real slope(Real y) const {
    return y * (1 - y);
  }
};

struct GateHardSigmoid {
  float steepness, offset;
  template <class Real>
  SONDE_STEP Real value(Real x) const {
    Real const line = static_cast<Real>(steepness) * x + static_cast<Real>(offset);
    Real const above = line < 0 ? 0 : line;
    return above > 1 ? 1 : above;
  }
  template <class Real>
  SONDE_STEP Real slope(Real y) const {
    return y > 0 && y < 1 ? static_cast<Real>(steepness) : 0;
  }
};

struct StateTanh {
  template <class Real>
  SONDE_STEP Real value(Real x) const {
    return hyperbolic_tangent(x);
  }
  template <class Real>
  SONDE_STEP Real slope(Real y) const {
    return (1 - y) * (1 + y);
  }
};

struct StateRelu {
  template <class Real>
  SONDE_STEP Real value(Real x) const {
    return x > 0 ? x : 0;
  }
  template <class Real>
  SONDE_STEP Real slope(Real y) const {
    return y > 0 ? 1 : 0;
  }
};

struct StateIdentity {
  template <class Real>
  SONDE_STEP Real value(Real x) const {
    return x;
  }
  template <class Real>
  SONDE_STEP Real slope(Real) const {
    return 1;
  }
};

/// Input, forget, candidate and output gate (i, f, c, o), or their sums before the functions, or gradients.
template <class Real>
struct LstmGates {
  Real input, forget, candidate, output;
};

/// Hochreiter & Schmidhuber 1997, with forget gates (Gers et al. 2000): c' = f c + i g, h = o F(c').
template <class Gate, class State>
struct LstmStep {
  Gate gate;
  State state;

  template <class Real>
  SONDE_STEP LstmGates<Real> gates(LstmGates<Real> const& sum) const {
    return {gate.value(sum.input), gate.value(sum.forget), state.value(sum.candidate), gate.value(sum.output)};
  }
  template <class Real>
  SONDE_STEP Real cell(LstmGates<Real> const& g, Real before) const {
    return g.forget * before + g.input * g.candidate;
  }
  template <class Real>
  SONDE_STEP Real hidden(LstmGates<Real> const& g, Real cell) const {
    return g.output * state.value(cell);
  }
  /// d: in the gradient of the gates from outside, out that of the sums. dcell: in that of the cell from later steps
  /// and outside, out that of the cell before.
  template <class Real>
  SONDE_STEP void backward(LstmGates<Real> const& g, Real before, Real cell, Real dhidden, Real& dcell,
                           LstmGates<Real>& d) const {
    Real const shown = state.value(cell);
    Real const dc = dcell + dhidden * g.output * state.slope(shown);
    d.input = (d.input + dc * g.candidate) * gate.slope(g.input);
    d.forget = (d.forget + dc * before) * gate.slope(g.forget);
    d.candidate = (d.candidate + dc * g.input) * state.slope(g.candidate);
    d.output = (d.output + dhidden * shown) * gate.slope(g.output);
    dcell = dc * g.forget;
  }
};

/// Update gate, reset gate and candidate (z, r, h).
template <class Real>
struct GruGates {
  Real update, reset, candidate;
};

/// Cho et al. 2014: h' = z h + (1 - z) g. The candidate is g = F(x + r p), with p = h R + b, when the reset gate works
/// after the product (cuDNN, PyTorch), and g = F(x + p), with p = (r h) R, when before it.
template <class Gate, class State>
struct GruStep {
  Gate gate;
  State state;

  template <class Real>
  SONDE_STEP Real hidden(GruGates<Real> const& g, Real before) const {
    return g.update * before + (1 - g.update) * g.candidate;
  }
  /// The part that both kinds share. d: in the gradient of the gates from outside, out that of the sums of update gate
  /// and candidate; that of the reset gate is left to reset_sum(). dhidden: in that of the state after the step, out
  /// its direct part for the state before.
  template <class Real>
  SONDE_STEP void backward(GruGates<Real> const& g, Real before, Real& dhidden, GruGates<Real>& d) const {
    d.update = (d.update + dhidden * (before - g.candidate)) * gate.slope(g.update);
    d.candidate = (d.candidate + dhidden * (1 - g.update)) * state.slope(g.candidate);
    dhidden = dhidden * g.update;
  }
  /// Gradient of the reset gate's sum from that of r times `factor`.
  template <class Real>
  SONDE_STEP Real reset_sum(Real reset, Real dreset, Real dproduct, Real factor) const {
    return (dreset + dproduct * factor) * gate.slope(reset);
  }
};

/// Calls visitor(gate, state) for the functions of a recurrent layer: gates sigmoid or hard_sigmoid, states tanh, relu,
/// sigmoid or identity, as io::infer_shape() allows.
template <class Visitor>
auto with_recurrent_functions(io::Activation const& gate, io::Activation const& state, Visitor&& visitor) {
  auto const with_gate = [&](auto s) {
    if (gate.function == io::Function::hard_sigmoid) return visitor(GateHardSigmoid{gate.alpha, gate.beta}, s);
    return visitor(GateSigmoid{}, s);
  };
  switch (state.function) {
    case io::Function::tanh:
      return with_gate(StateTanh{});
    case io::Function::relu:
      return with_gate(StateRelu{});
    case io::Function::sigmoid:
      return with_gate(GateSigmoid{});
    default:
      return with_gate(StateIdentity{});
  }
}

}  // namespace sonde::backend::functors
