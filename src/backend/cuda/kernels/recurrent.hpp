// Kernels of one time step of a recurrent layer; products with the weights run between them. U units, G gates; element
// i is unit i % U of sample i / U.
#pragma once

#include "backend/cuda/kernels/index.hpp"
#include "backend/functors/recurrent.hpp"

namespace sonde::backend::kernels {

/// A part of a sequence tensor (N, T, width) at one step, or of a buffer of one step (N, width): element k of sample n.
template <class T>
struct StepRows {
  T* data = nullptr;
  std::int64_t stride = 0;  // of two samples
  SONDE_HOST_DEVICE T& at(std::int64_t n, std::int64_t k) const { return data[n * stride + k]; }
  SONDE_HOST_DEVICE explicit operator bool() const { return data != nullptr; }
};
using Rows = StepRows<float>;
using ConstRows = StepRows<float const>;

/// What a step shows of itself: the state, the cell, or the gates; the others are null.
struct Shown {
  Rows hidden, cell, gates;
};
/// The gradient of what is shown; null where nothing is.
struct ShownGradient {
  ConstRows hidden, cell, gates;
};

SONDE_HOST_DEVICE inline float at_or_zero(ConstRows const& rows, std::int64_t n, std::int64_t k) {
  return rows ? rows.at(n, k) : 0.0F;
}

template <class Step>
struct LstmForward {
  Step step;
  std::int64_t units;
  ConstRows x, product;  // (N, 4 U)
  float const* cell_before;
  float *cell, *hidden;  // (N, U)
  Rows gates;            // (N, 4 U), or null
  Shown shown;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Split const at = split(i, units);
    std::int64_t const n = at.quotient, u = at.remainder;
    auto const sum = [&](std::int64_t gate) { return x.at(n, gate * units + u) + product.at(n, gate * units + u); };
    functors::LstmGates<float> const g = step.gates(functors::LstmGates<float>{sum(0), sum(1), sum(2), sum(3)});
    float const c = step.cell(g, cell_before[i]);
    float const h = step.hidden(g, c);
    cell[i] = c;
    hidden[i] = h;
    store(gates, g, n, u);
    store(shown.gates, g, n, u);
    if (shown.cell) shown.cell.at(n, u) = c;
    if (shown.hidden) shown.hidden.at(n, u) = h;
  }
  SONDE_HOST_DEVICE void store(Rows const& to, functors::LstmGates<float> const& g, std::int64_t n,
                               std::int64_t u) const {
    if (!to) return;
    to.at(n, u) = g.input;
    to.at(n, units + u) = g.forget;
    to.at(n, 2 * units + u) = g.candidate;
    to.at(n, 3 * units + u) = g.output;
  }
};

/// dhidden, dcell (N, U): in the gradient after the step from later steps; dcell out that before the step. sums (N, 4
/// U): out the gradient of the sums, which is also that of x.
template <class Step>
struct LstmBackward {
  Step step;
  std::int64_t units;
  ConstRows gates;
  float const *cell_before, *cell, *dhidden;
  ShownGradient shown;
  float* dcell;
  Rows sums, dx;
  bool add;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Split const at = split(i, units);
    std::int64_t const n = at.quotient, u = at.remainder;
    auto const gate = [&](std::int64_t k) { return gates.at(n, k * units + u); };
    auto const outside = [&](std::int64_t k) { return at_or_zero(shown.gates, n, k * units + u); };
    functors::LstmGates<float> d{outside(0), outside(1), outside(2), outside(3)};
    float dc = dcell[i] + at_or_zero(shown.cell, n, u);
    step.backward(functors::LstmGates<float>{gate(0), gate(1), gate(2), gate(3)}, cell_before[i], cell[i],
                  dhidden[i] + at_or_zero(shown.hidden, n, u), dc, d);
    dcell[i] = dc;
    store(n, u, d.input);
    store(n, units + u, d.forget);
    store(n, 2 * units + u, d.candidate);
    store(n, 3 * units + u, d.output);
  }
  SONDE_HOST_DEVICE void store(std::int64_t n, std::int64_t k, float value) const {
    sums.at(n, k) = value;
    write(&dx.at(n, k), add, value);
  }
};

template <class State>
struct SimpleForward {
  State state;
  std::int64_t units;
  ConstRows x, product;  // (N, U)
  float* hidden;
  Rows shown;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Split const at = split(i, units);
    float const sum = x.at(at.quotient, at.remainder) + product.at(at.quotient, at.remainder);
    hidden[i] = state.value(sum);
    if (shown) shown.at(at.quotient, at.remainder) = hidden[i];
  }
};

template <class State>
struct SimpleBackward {
  State state;
  std::int64_t units;
  float const *hidden, *dhidden;
  ConstRows shown;
  Rows sums, dx;
  bool add;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Split const at = split(i, units);
    float const d = (dhidden[i] + shown.at(at.quotient, at.remainder)) * state.slope(hidden[i]);
    sums.at(at.quotient, at.remainder) = d;
    write(&dx.at(at.quotient, at.remainder), add, d);
  }
};

/// First half of a step of a GRU whose reset gate works before the product: gates (N, 3 U) get z and r, inner = r h.
template <class Step>
struct GruGatesForward {
  Step step;
  std::int64_t units;
  ConstRows x, product;
  float const* hidden_before;
  Rows gates;
  float* inner;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Split const at = split(i, units);
    std::int64_t const n = at.quotient, u = at.remainder;
    float const r = step.gate.value(x.at(n, units + u) + product.at(n, units + u));
    gates.at(n, u) = step.gate.value(x.at(n, u) + product.at(n, u));
    gates.at(n, units + u) = r;
    inner[i] = r * hidden_before[i];
  }
};

/// What a GRU layer shows of a step of unit u.
SONDE_HOST_DEVICE inline void show(Shown const& shown, std::int64_t n, std::int64_t u, std::int64_t units,
                                   functors::GruGates<float> const& g, float hidden) {
  if (shown.hidden) shown.hidden.at(n, u) = hidden;
  if (!shown.gates) return;
  shown.gates.at(n, u) = g.update;
  shown.gates.at(n, units + u) = g.reset;
  shown.gates.at(n, 2 * units + u) = g.candidate;
}

/// Second half: the candidate and the state. product (N, 3 U) holds (r h) R in its last part.
template <class Step>
struct GruStateForward {
  Step step;
  std::int64_t units;
  ConstRows x, product;
  float const* hidden_before;
  Rows gates;
  float* hidden;
  Shown shown;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Split const at = split(i, units);
    std::int64_t const n = at.quotient, u = at.remainder, k = 2 * units + u;
    functors::GruGates<float> const g{gates.at(n, u), gates.at(n, units + u),
                                      step.state.value(x.at(n, k) + product.at(n, k))};
    gates.at(n, k) = g.candidate;
    hidden[i] = step.hidden(g, hidden_before[i]);
    show(shown, n, u, units, g, hidden[i]);
  }
};

/// A step of a GRU whose reset gate works after the product: inner = h R + bias (bias may be null).
template <class Step>
struct GruAfterForward {
  Step step;
  std::int64_t units;
  ConstRows x, product;  // product (N, 3 U) = h R
  float const *bias, *hidden_before;
  Rows gates;
  float *inner, *hidden;
  Shown shown;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Split const at = split(i, units);
    std::int64_t const n = at.quotient, u = at.remainder, k = 2 * units + u;
    auto const gate = [&](std::int64_t j) { return step.gate.value(x.at(n, j) + product.at(n, j)); };
    float const update = gate(u), reset = gate(units + u);
    inner[i] = product.at(n, k) + (bias ? bias[u] : 0.0F);
    functors::GruGates<float> const g{update, reset, step.state.value(x.at(n, k) + reset * inner[i])};
    gates.at(n, u) = g.update;
    gates.at(n, units + u) = g.reset;
    gates.at(n, k) = g.candidate;
    hidden[i] = step.hidden(g, hidden_before[i]);
    show(shown, n, u, units, g, hidden[i]);
  }
};

/// Gradient of the sums of update gate and candidate, into sums (N, 3 U) and dx; dhidden in: after the step from later
/// steps, out: its direct part before the step. dproduct (N, U), of what the reset gate is multiplied with, gets the
/// candidate's gradient when the reset gate works after the product.
template <class Step>
struct GruStateBackward {
  Step step;
  std::int64_t units;
  ConstRows gates;
  float const* hidden_before;
  ShownGradient shown;
  float *dhidden, *dproduct;
  Rows sums, dx;
  bool add;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Split const at = split(i, units);
    std::int64_t const n = at.quotient, u = at.remainder, k = 2 * units + u;
    functors::GruGates<float> d{at_or_zero(shown.gates, n, u), 0, at_or_zero(shown.gates, n, k)};
    float dh = dhidden[i] + at_or_zero(shown.hidden, n, u);
    step.backward(functors::GruGates<float>{gates.at(n, u), gates.at(n, units + u), gates.at(n, k)}, hidden_before[i],
                  dh, d);
    dhidden[i] = dh;
    sums.at(n, u) = d.update;
    sums.at(n, k) = d.candidate;
    write(&dx.at(n, u), add, d.update);
    write(&dx.at(n, k), add, d.candidate);
    dproduct[i] = d.candidate;
  }
};

/// Gradient of the reset gate's sum, by `factor`, what it is multiplied with: inner after the product, the state
/// before. After it the candidate's part of sums is that of h R.
template <class Step>
struct GruResetBackward {
  Step step;
  std::int64_t units;
  bool after;
  ConstRows gates;
  float const *factor, *dproduct;
  ShownGradient shown;
  float* dhidden;
  Rows sums, dx;
  bool add;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Split const at = split(i, units);
    std::int64_t const n = at.quotient, u = at.remainder;
    float const reset = gates.at(n, units + u);
    float const d = step.reset_sum(reset, at_or_zero(shown.gates, n, units + u), dproduct[i], factor[i]);
    sums.at(n, units + u) = d;
    write(&dx.at(n, units + u), add, d);
    if (after) {
      sums.at(n, 2 * units + u) *= reset;
    } else {
      dhidden[i] += dproduct[i] * reset;
    }
  }
};

}  // namespace sonde::backend::kernels
