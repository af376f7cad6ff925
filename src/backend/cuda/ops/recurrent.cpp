// Recurrent layers: a matrix product and a kernel per step. The gradient first repeats the forward pass, keeping every
// step, so that a layer that is only run keeps but the last.
#include "backend/cuda/kernels/recurrent.hpp"

#include "backend/cuda/ops/device_op.hpp"
#include "backend/cuda/ops/ops.hpp"

namespace sonde::backend::device_ops {
namespace {

using functors::GruStep;
using functors::LstmStep;
using kernels::ConstRows;
using kernels::launch;
using kernels::Rows;

/// The arrays of a pass in the queue's scratch; of `kept` steps, used in turn. (N, U) or (N, G U) each.
class States {
 public:
  States(std::int64_t samples, std::int64_t units, std::int64_t gates, std::int64_t kept)
      : state_(samples * units), wide_(samples * units * gates), kept_(kept) {}

  std::size_t bytes() const { return static_cast<std::size_t>(start_of_end()) * sizeof(float); }
  void place(void* base) { base_ = static_cast<float*>(base); }

  // Number s of the states stands before step s, 0 is all zeros.
  float* hidden(std::int64_t s) const { return base_ + s % (kept_ + 1) * state_; }
  float* cell(std::int64_t s) const { return hidden(0) + (kept_ + 1) * state_ + s % (kept_ + 1) * state_; }
  float* inner(std::int64_t s) const { return base_ + 2 * (kept_ + 1) * state_ + s % kept_ * state_; }
  float* gates(std::int64_t s) const { return base_ + start_of_gates() + s % kept_ * wide_; }
  float* product() const { return base_ + start_of_gates() + kept_ * wide_; }
  // Of the gradient.
  float* dhidden() const { return product() + wide_; }
  float* dcell() const { return dhidden() + state_; }
  float* dproduct() const { return dcell() + state_; }

 private:
  std::int64_t start_of_gates() const { return 2 * (kept_ + 1) * state_ + kept_ * state_; }
  std::int64_t start_of_end() const { return start_of_gates() + (kept_ + 1) * wide_ + 3 * state_; }
  std::int64_t state_, wide_, kept_;
  float* base_ = nullptr;
};

class Recurrent final : public UnaryOp {
 public:
  Recurrent(Site const& site, io::Recurrent const& op, Shape const& in, Shape const& out)
      : op_(op),
        samples_(site.batch),
        steps_(in[0]),
        width_(in[1]),
        units_(op.weights->shape[0]),
        shown_(out[1]),
        weights_(site.weights.get(op.weights)),
        bias_(site.weights.get(op.bias)) {}

 private:
  std::int64_t time(std::int64_t s) const { return op_.backwards ? steps_ - 1 - s : s; }
  bool gru() const { return op_.kind == io::RecurrentKind::gru; }
  ConstRows input(float const* x, std::int64_t s) const { return {x + time(s) * width_, steps_ * width_}; }
  Rows output(float* y, std::int64_t s) const { return {y + time(s) * shown_, steps_ * shown_}; }
  ConstRows output(float const* y, std::int64_t s) const { return {y + time(s) * shown_, steps_ * shown_}; }
  Rows wide(float* data) const { return {data, width_}; }
  std::size_t state_bytes() const { return static_cast<std::size_t>(samples_ * units_) * sizeof(float); }

  /// Which of hidden, cell and gates the op gives out.
  template <class Parts>
  auto& part(Parts& parts) const {
    if (op_.emit == io::Emit::gates) return parts.gates;
    return op_.emit == io::Emit::cell ? parts.cell : parts.hidden;
  }

  void run(DeviceQueue& queue, float const* x, float* y) override {
    States states(samples_, units_, width_ / units_, 1);
    states.place(queue.workspace(states.bytes()));
    all_steps(queue, states, x, y, false);
  }

  void all_steps(DeviceQueue& queue, States const& states, float const* x, float* y, bool keep) const {
    queue.clear(states.hidden(0), state_bytes());
    queue.clear(states.cell(0), state_bytes());
    functors::with_recurrent_functions(op_.gate, op_.state, [&](auto gate, auto state) {
      for (std::int64_t s = 0; s < steps_; ++s) {
        kernels::Shown shown;
        if (y) part(shown) = output(y, s);
        if (op_.kind == io::RecurrentKind::lstm) {
          lstm_step(queue, LstmStep<decltype(gate), decltype(state)>{gate, state}, states, s, x, shown, keep);
        } else if (gru()) {
          gru_step(queue, GruStep<decltype(gate), decltype(state)>{gate, state}, states, s, x, shown);
        } else {
          simple_step(queue, state, states, s, x, shown);
        }
      }
    });
  }

  /// c[first, first + count) = from R in those columns; from (N, U), c (N, G U)
  void multiply(DeviceQueue& queue, float const* from, std::int64_t first, std::int64_t count, float* c) const {
    queue.multiply({.rows = samples_,
                    .columns = count,
                    .inner = units_,
                    .a = from,
                    .stride_a = units_,
                    .b = weights_->data() + first,
                    .stride_b = width_,
                    .c = c + first,
                    .stride_c = width_});
  }
  /// to (N, U) = or += d[first, first + count) R^T; d (N, G U)
  void multiply_back(DeviceQueue& queue, float const* d, std::int64_t first, std::int64_t count, bool add,
                     float* to) const {
    queue.multiply({.rows = samples_,
                    .columns = units_,
                    .inner = count,
                    .a = d + first,
                    .stride_a = width_,
                    .b = weights_->data() + first,
                    .stride_b = width_,
                    .transposed = true,
                    .add = add,
                    .c = to,
                    .stride_c = units_});
  }

  template <class Step>
  void lstm_step(DeviceQueue& queue, Step const& step, States const& states, std::int64_t s, float const* x,
                 kernels::Shown const& shown, bool keep) const {
    multiply(queue, states.hidden(s), 0, width_, states.product());
    Rows const gates = keep ? wide(states.gates(s)) : Rows{};
    launch(queue, samples_ * units_,
           kernels::LstmForward<Step>{step, units_, input(x, s), product(states), states.cell(s), states.cell(s + 1),
                                      states.hidden(s + 1), gates, shown});
  }

  template <class State>
  void simple_step(DeviceQueue& queue, State const& state, States const& states, std::int64_t s, float const* x,
                   kernels::Shown const& shown) const {
    multiply(queue, states.hidden(s), 0, width_, states.product());
    Rows const rows = shown.gates ? shown.gates : shown.hidden;  // the one gate is the state
    launch(queue, samples_ * units_,
           kernels::SimpleForward<State>{state, units_, input(x, s), product(states), states.hidden(s + 1), rows});
  }

  ConstRows product(States const& states) const { return {states.product(), width_}; }

  template <class Step>
  void gru_step(DeviceQueue& queue, Step const& step, States const& states, std::int64_t s, float const* x,
                kernels::Shown const& shown) const {
    std::int64_t const count = samples_ * units_;
    ConstRows const in = input(x, s), products = product(states);
    Rows const gates = wide(states.gates(s));
    float *const h = states.hidden(s), *const next = states.hidden(s + 1), *const inner = states.inner(s);
    if (op_.reset_after) {
      multiply(queue, h, 0, width_, states.product());
      launch(queue, count,
             kernels::GruAfterForward<Step>{step, units_, in, products, data(bias_), h, gates, inner, next, shown});
      return;
    }
    multiply(queue, h, 0, 2 * units_, states.product());
    launch(queue, count, kernels::GruGatesForward<Step>{step, units_, in, products, h, gates, inner});
    multiply(queue, inner, 2 * units_, units_, states.product());
    launch(queue, count, kernels::GruStateForward<Step>{step, units_, in, products, h, gates, next, shown});
  }

  void gradient(DeviceQueue& queue, float const* x, float const*, float const* dy, float* dx, bool add) override {
    States states(samples_, units_, width_ / units_, steps_);
    states.place(queue.workspace(states.bytes()));
    all_steps(queue, states, x, nullptr, true);
    queue.clear(states.dhidden(), state_bytes());
    queue.clear(states.dcell(), state_bytes());
    functors::with_recurrent_functions(op_.gate, op_.state, [&](auto gate, auto state) {
      for (std::int64_t s = steps_; s-- > 0;) {
        kernels::ShownGradient shown;
        part(shown) = output(dy, s);
        Rows const dx_rows{dx + time(s) * width_, steps_ * width_};
        if (op_.kind == io::RecurrentKind::lstm) {
          lstm_gradient(queue, LstmStep<decltype(gate), decltype(state)>{gate, state}, states, s, shown, dx_rows, add);
        } else if (gru()) {
          gru_gradient(queue, GruStep<decltype(gate), decltype(state)>{gate, state}, states, s, shown, dx_rows, add);
        } else {
          simple_gradient(queue, state, states, s, shown, dx_rows, add);
        }
      }
    });
  }

  // The sums' gradient takes the place of the forward pass's product.

  template <class Step>
  void lstm_gradient(DeviceQueue& queue, Step const& step, States const& states, std::int64_t s,
                     kernels::ShownGradient const& shown, Rows const& dx, bool add) const {
    launch(queue, samples_ * units_,
           kernels::LstmBackward<Step>{step, units_, ConstRows{states.gates(s), width_}, states.cell(s),
                                       states.cell(s + 1), states.dhidden(), shown, states.dcell(),
                                       wide(states.product()), dx, add});
    multiply_back(queue, states.product(), 0, width_, false, states.dhidden());
  }

  template <class State>
  void simple_gradient(DeviceQueue& queue, State const& state, States const& states, std::int64_t s,
                       kernels::ShownGradient const& shown, Rows const& dx, bool add) const {
    ConstRows const rows = shown.gates ? shown.gates : shown.hidden;
    launch(queue, samples_ * units_,
           kernels::SimpleBackward<State>{state, units_, states.hidden(s + 1), states.dhidden(), rows,
                                          wide(states.product()), dx, add});
    multiply_back(queue, states.product(), 0, width_, false, states.dhidden());
  }

  template <class Step>
  void gru_gradient(DeviceQueue& queue, Step const& step, States const& states, std::int64_t s,
                    kernels::ShownGradient const& shown, Rows const& dx, bool add) const {
    std::int64_t const count = samples_ * units_;
    ConstRows const gates{states.gates(s), width_};
    float *const h = states.hidden(s), *const sums = states.product();
    launch(queue, count,
           kernels::GruStateBackward<Step>{step, units_, gates, h, shown, states.dhidden(), states.dproduct(),
                                           wide(sums), dx, add});
    bool const after = op_.reset_after;
    if (!after) multiply_back(queue, sums, 2 * units_, units_, false, states.dproduct());
    launch(queue, count,
           kernels::GruResetBackward<Step>{step, units_, after, gates, after ? states.inner(s) : h, states.dproduct(),
                                           shown, states.dhidden(), wide(sums), dx, add});
    multiply_back(queue, sums, 0, after ? width_ : 2 * units_, true, states.dhidden());
  }

  io::Recurrent op_;
  std::int64_t samples_, steps_, width_, units_, shown_;  // width = gates x units
  WeightStore::Array weights_, bias_;
};

}  // namespace

OperatorPtr make_recurrent(Site const& site, io::Recurrent const& op, Shape const& in, Shape const& out) {
  return std::make_unique<Recurrent>(site, op, in, out);
}

}  // namespace sonde::backend::device_ops
