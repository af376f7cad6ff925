// Recurrent layers, one sample after the other, in double; the gradient runs back through all steps.
#include <algorithm>

#include "backend/functors/recurrent.hpp"
#include "backend/reference/ops.hpp"
#include "backend/reference/sample_op.hpp"

namespace sonde::backend::reference {
namespace {

using functors::GruGates;
using functors::GruStep;
using functors::LstmGates;
using functors::LstmStep;

class Recurrent : public SampleOp {
 public:
  Recurrent(io::Recurrent const& op, Shape const& in, Shape const& out, std::int64_t batch)
      : SampleOp(in, out, batch), op_(op), steps_(in[0]), width_(in[1]), units_(op.weights->shape[0]) {
    auto const states = static_cast<std::size_t>((steps_ + 1) * units_);
    for (Buffer<double>* buffer : {&hidden_, &cell_, &inner_}) *buffer = Buffer<double>(states);
    gates_ = Buffer<double>(static_cast<std::size_t>((steps_ + 1) * width_));
    for (Buffer<double>* buffer : {&dhidden_, &dcell_, &dreset_}) *buffer = Buffer<double>(states / (steps_ + 1));
    dgates_ = Buffer<double>(static_cast<std::size_t>(width_));
  }

 private:
  // Row s + 1 of a buffer is that of the s-th step; row 0 of the states is 0.
  static double* row(Buffer<double>& buffer, std::int64_t s, std::int64_t width) { return buffer.data() + s * width; }
  std::int64_t time(std::int64_t s) const { return op_.backwards ? steps_ - 1 - s : s; }

  void forward_sample(float const* x, float* y) const override {
    std::int64_t const shown = op_.emit == io::Emit::gates ? width_ : units_;
    Buffer<double> const& from = op_.emit == io::Emit::gates ? gates_ : op_.emit == io::Emit::cell ? cell_ : hidden_;
    for (std::int64_t s = 0; s < steps_; ++s) {
      step(s, x + time(s) * width_);
      for (std::int64_t i = 0; i < shown; ++i)
        y[time(s) * shown + i] = static_cast<float>(from[static_cast<std::size_t>((s + 1) * shown + i)]);
    }
  }

  /// sums[first, first + count) += h R in those columns.
  void add_product(double const* h, std::int64_t first, std::int64_t count, double* sums) const {
    float const* const weights = op_.weights->data.data();  // (units, width)
    for (std::int64_t i = 0; i < units_; ++i) {
      for (std::int64_t k = first; k < first + count; ++k) sums[k] += h[i] * weights[i * width_ + k];
    }
  }

  /// dh += d R^T of those columns.
  void add_transposed(double const* d, std::int64_t first, std::int64_t count, double* dh) const {
    float const* const weights = op_.weights->data.data();
    for (std::int64_t i = 0; i < units_; ++i) {
      for (std::int64_t k = first; k < first + count; ++k) dh[i] += d[k] * weights[i * width_ + k];
    }
  }

  void step(std::int64_t s, float const* x) const {
    functors::with_recurrent_functions(op_.gate, op_.state, [&](auto gate, auto state) {
      double* const a = row(gates_, s + 1, width_);
      double const* const h = row(hidden_, s, units_);
      std::copy_n(x, width_, a);
      double* const next = row(hidden_, s + 1, units_);
      if (op_.kind == io::RecurrentKind::gru) return gru_step(GruStep<decltype(gate), decltype(state)>{gate, state}, s);
      add_product(h, 0, width_, a);
      if (op_.kind == io::RecurrentKind::lstm)
        return lstm_step(LstmStep<decltype(gate), decltype(state)>{gate, state}, s);
      for (std::int64_t u = 0; u < units_; ++u) next[u] = a[u] = state.value(a[u]);
    });
  }

  LstmGates<double> lstm_gates(double const* a, std::int64_t u) const {
    return {a[u], a[units_ + u], a[2 * units_ + u], a[3 * units_ + u]};
  }

  template <class Step>
  void lstm_step(Step const& step, std::int64_t s) const {
    double* const a = row(gates_, s + 1, width_);
    double *const c = row(cell_, s, units_), *const next = row(cell_, s + 1, units_);
    for (std::int64_t u = 0; u < units_; ++u) {
      LstmGates<double> const g = step.gates(lstm_gates(a, u));
      a[u] = g.input;
      a[units_ + u] = g.forget;
      a[2 * units_ + u] = g.candidate;
      a[3 * units_ + u] = g.output;
      next[u] = step.cell(g, c[u]);
      row(hidden_, s + 1, units_)[u] = step.hidden(g, next[u]);
    }
  }

  /// a holds the input's share of the sums.
  template <class Step>
  void gru_step(Step const& step, std::int64_t s) const {
    double* const a = row(gates_, s + 1, width_);
    double *const h = row(hidden_, s, units_), *const next = row(hidden_, s + 1, units_);
    double* const inner = row(inner_, s + 1, units_);  // the product with h inside the reset, or r h
    std::int64_t const gates = 2 * units_;
    add_product(h, 0, gates, a);
    for (std::int64_t k = 0; k < gates; ++k) a[k] = step.gate.value(a[k]);
    if (op_.reset_after) {
      for (std::int64_t u = 0; u < units_; ++u) {
        inner[u] = op_.bias ? op_.bias->data[static_cast<std::size_t>(u)] : 0;
        for (std::int64_t i = 0; i < units_; ++i)
          inner[u] += h[i] * op_.weights->data[static_cast<std::size_t>(i * width_ + gates + u)];
        a[gates + u] += a[units_ + u] * inner[u];
      }
    } else {
      for (std::int64_t u = 0; u < units_; ++u) inner[u] = a[units_ + u] * h[u];
      add_product(inner, gates, units_, a);
    }
    for (std::int64_t u = 0; u < units_; ++u) {
      a[gates + u] = step.state.value(a[gates + u]);
      next[u] = step.hidden(GruGates<double>{a[u], a[units_ + u], a[gates + u]}, h[u]);
    }
  }

  void backward_sample(float const* x, float const*, float const* dy, double* dx) const override {
    for (std::int64_t s = 0; s < steps_; ++s) step(s, x + time(s) * width_);
    std::ranges::fill(dhidden_.span(), 0.0);
    std::ranges::fill(dcell_.span(), 0.0);
    std::int64_t const shown = op_.emit == io::Emit::gates ? width_ : units_;
    Buffer<double>& to = op_.emit == io::Emit::gates ? dgates_ : op_.emit == io::Emit::cell ? dcell_ : dhidden_;
    for (std::int64_t s = steps_; s-- > 0;) {
      std::ranges::fill(dgates_.span(), 0.0);
      for (std::int64_t i = 0; i < shown; ++i) to.data()[i] += dy[time(s) * shown + i];
      step_gradient(s, dx + time(s) * width_);
    }
  }

  /// Brings dhidden_ and dcell_ from after step s to before it and adds to the gradient of its sums.
  void step_gradient(std::int64_t s, double* dx) const {
    functors::with_recurrent_functions(op_.gate, op_.state, [&](auto gate, auto state) {
      if (op_.kind == io::RecurrentKind::gru) {
        return gru_gradient(GruStep<decltype(gate), decltype(state)>{gate, state}, s, dx);
      }
      double* const d = dgates_.data();
      if (op_.kind == io::RecurrentKind::lstm) {
        lstm_gradient(LstmStep<decltype(gate), decltype(state)>{gate, state}, s);
      } else {
        double const* const h = row(hidden_, s + 1, units_);
        for (std::int64_t u = 0; u < units_; ++u) d[u] = dhidden_.data()[u] * state.slope(h[u]);
      }
      for (std::int64_t k = 0; k < width_; ++k) dx[k] += d[k];
      std::ranges::fill(dhidden_.span(), 0.0);
      add_transposed(d, 0, width_, dhidden_.data());
    });
  }

  template <class Step>
  void lstm_gradient(Step const& step, std::int64_t s) const {
    double* const d = dgates_.data();
    for (std::int64_t u = 0; u < units_; ++u) {
      LstmGates<double> sums = lstm_gates(d, u);
      step.backward(lstm_gates(row(gates_, s + 1, width_), u), row(cell_, s, units_)[u], row(cell_, s + 1, units_)[u],
                    dhidden_.data()[u], dcell_.data()[u], sums);
      d[u] = sums.input;
      d[units_ + u] = sums.forget;
      d[2 * units_ + u] = sums.candidate;
      d[3 * units_ + u] = sums.output;
    }
  }

  template <class Step>
  void gru_gradient(Step const& step, std::int64_t s, double* dx) const {
    double const* const a = row(gates_, s + 1, width_);
    double const *const h = row(hidden_, s, units_), *const inner = row(inner_, s + 1, units_);
    double *const d = dgates_.data(), *const dh = dhidden_.data();
    std::int64_t const gates = 2 * units_;
    for (std::int64_t u = 0; u < units_; ++u) {
      GruGates<double> sums{d[u], d[units_ + u], d[gates + u]};
      step.backward(GruGates<double>{a[u], a[units_ + u], a[gates + u]}, h[u], dh[u], sums);
      d[u] = sums.update;
      d[gates + u] = sums.candidate;
      dx[gates + u] += sums.candidate;
    }
    double* const dproduct = dreset_.data();  // of what the reset gate is multiplied with, through the candidate
    if (op_.reset_after) {
      std::copy_n(d + gates, units_, dproduct);
    } else {
      std::fill_n(dproduct, units_, 0.0);
      add_transposed(d, gates, units_, dproduct);
    }
    for (std::int64_t u = 0; u < units_; ++u) {
      double const reset = a[units_ + u];
      d[units_ + u] = step.reset_sum(reset, d[units_ + u], dproduct[u], op_.reset_after ? inner[u] : h[u]);
      if (op_.reset_after) d[gates + u] *= reset;
      if (!op_.reset_after) dh[u] += dproduct[u] * reset;
      dx[u] += d[u];
      dx[units_ + u] += d[units_ + u];
    }
    add_transposed(d, 0, op_.reset_after ? width_ : gates, dh);
  }

  io::Recurrent op_;
  std::int64_t steps_, width_, units_;                    // width = gates x units
  mutable Buffer<double> hidden_, cell_, inner_, gates_;  // (steps + 1, units or width)
  mutable Buffer<double> dhidden_, dcell_, dreset_, dgates_;
};

}  // namespace

OperatorPtr make_recurrent(io::Recurrent const& op, Shape const& in, Shape const& out, std::int64_t batch) {
  return std::make_unique<Recurrent>(op, in, out, batch);
}

}  // namespace sonde::backend::reference
