// Recurrent layers: per step one product of the states of the batch with the recurrent weights, then one loop over
// units. The library's own RNN primitives show neither gates nor cells and have no hard sigmoid.
//
// The products of wide layers are OpenBLAS's in the forward pass: without AVX-512 the library takes twice the time for
// so few rows (batch 128, 512 units, AVX2: 82 against 41 GFLOP/s in the same run). Narrow layers stay with the library,
// whose bits depend less on a sample's place in the batch: stored findings are verified by them.
//
// The forward pass keeps only the current step, in the queue's scratch memory. The backward pass runs it again and
// keeps all steps, in memory that is allocated when it first runs: runs that never go back do not pay for it.
#include <algorithm>

#include "backend/blas.hpp"
#include "backend/cpu/onednn/matmul.hpp"
#include "backend/cpu/onednn/ops.hpp"
#include "backend/cpu/onednn/recurrent_rows.hpp"
#include "base/cpu_isa.hpp"

namespace sonde::backend::onednn {
namespace {

/// The candidate's columns of a GRU's recurrent weights (U, 3 U).
io::Weights candidate_weights(io::Weights const& all, std::int64_t units) {
  auto part = std::make_shared<Tensor>(Shape{units, units});
  for (std::int64_t i = 0; i < units; ++i) {
    std::copy_n(all->data.data() + (3 * i + 2) * units, units, part->data.data() + i * units);
  }
  return part;
}

/// Units from which on OpenBLAS multiplies.
constexpr std::int64_t wide = 256;

class Recurrent : public Operator {
 public:
  Recurrent(std::shared_ptr<Library> library, io::Recurrent const& op, Shape const& in, std::int64_t batch)
      : library_(std::move(library)),
        op_(op),
        rows_(recurrent_rows(usable_isa())),
        functions_{op.gate, op.state},
        batch_(batch),
        steps_(in[0]),
        width_(in[1]),
        units_(op.weights->shape[0]),
        reset_before_(op.kind == io::RecurrentKind::gru && !op.reset_after) {
    ScratchPlan scratch;
    product_ = make_matmul(*library_, {batch_, units_, width_, false}, op.weights, nullptr, {}, scratch);
    product_gradient_ = plan_gradient(scratch, op.weights, width_);
    if (reset_before_) {
      candidate_ = candidate_weights(op.weights, units_);
      inner_gradient_ = plan_gradient(scratch, candidate_, units_);
    }
    gates_at_ = add(scratch, width_);
    dgates_at_ = add(scratch, width_);
    for (std::size_t* at : {&hidden_at_, &cell_at_, &inner_at_, &sum_at_, &dhidden_at_, &dcell_at_, &dinner_at_}) {
      *at = add(scratch, units_);
    }
    library_->need_scratch(scratch.size());
  }

  void forward(Queue& queue, std::span<float const* const> x, float* y) override {
    LibraryQueue& library = library_queue(queue);
    Place const place{at(library, gates_at_), at(library, inner_at_), at(library, cell_at_), at(library, hidden_at_)};
    std::fill_n(place.cell, batch_ * units_, 0.0F);
    std::fill_n(place.hidden, batch_ * units_, 0.0F);
    std::int64_t const shown = op_.emit == io::Emit::gates ? width_ : units_;
    float const* const from = op_.emit == io::Emit::hidden ? place.hidden
                              : op_.emit == io::Emit::cell ? place.cell
                                                           : place.gates;
    for (std::int64_t s = 0; s < steps_; ++s) {
      run_step(library, s, x[0], place);
      for (std::int64_t n = 0; n < batch_; ++n) {
        std::copy_n(from + n * shown, shown, y + (n * steps_ + time(s)) * shown);
      }
    }
  }

  void backward(Queue& queue, std::span<float const* const> x, float const*, float const* dy,
                std::span<float* const> dx, std::span<GradientMode const> modes) override {
    if (modes[0] == GradientMode::skip) return;
    LibraryQueue& library = library_queue(queue);
    record(library, x[0]);
    RecurrentGradient g;
    g.batch = batch_;
    g.units = units_;
    g.dx_stride = steps_ * width_;
    g.accumulate = modes[0] == GradientMode::accumulate;
    g.dhidden = at(library, dhidden_at_);
    g.dcell = at(library, dcell_at_);
    g.dgates = at(library, dgates_at_);
    g.dinner = at(library, dinner_at_);
    std::fill_n(g.dhidden, batch_ * units_, 0.0F);
    std::fill_n(g.dcell, batch_ * units_, 0.0F);
    for (std::int64_t s = steps_; s-- > 0;) {
      Place const place = recorded(s + 1), before = recorded(s);
      std::fill_n(g.dgates, batch_ * width_, 0.0F);
      add_from_outside(dy, s, g);
      g.gates = place.gates;
      g.inner = place.inner;
      g.cell_before = before.cell;
      g.cell = place.cell;
      g.hidden_before = before.hidden;
      g.hidden = place.hidden;
      g.dx = dx[0] + time(s) * width_;
      run_gradient(library, s, g);
    }
  }

 private:
  /// Where a step works: (batch, width), (batch, units) ...
  struct Place {
    float *gates, *inner, *cell, *hidden;
  };

  /// (batch, width) times the transpose of weights (units, width).
  Call plan_gradient(ScratchPlan& scratch, io::Weights const& weights, std::int64_t width) const {
    return make_matmul(*library_, {batch_, units_, width, true}, weights, nullptr, {}, scratch);
  }

  std::size_t add(ScratchPlan& scratch, std::int64_t width) const {
    return scratch.add(static_cast<std::size_t>(batch_ * width) * sizeof(float));
  }

  static float* at(LibraryQueue& queue, std::size_t offset) {
    return reinterpret_cast<float*>(queue.scratch() + offset);
  }

  /// The place in time of the s-th step.
  std::int64_t time(std::int64_t s) const { return op_.backwards ? steps_ - 1 - s : s; }

  static void multiply(LibraryQueue& queue, Call& call, float const* x, float* y) {
    call.set(DNNL_ARG_SRC, x);
    call.set(DNNL_ARG_DST, y);
    call.run(queue);
  }

  /// Brings cell and hidden state of `place` from before step s to after it, and sets its gates.
  void run_step(LibraryQueue& queue, std::int64_t s, float const* x, Place const& place) {
    RecurrentStep step{batch_, units_, steps_ * width_};
    step.x = x + time(s) * width_;
    step.bias = op_.bias ? op_.bias->data.data() : nullptr;
    step.gates = place.gates;
    step.inner = place.inner;
    step.cell = place.cell;
    step.hidden = place.hidden;
    if (s == 0) {
      std::fill_n(place.gates, batch_ * width_, 0.0F);  // the state is 0
    } else if (units_ < wide) {
      multiply(queue, product_, place.hidden, place.gates);
    } else {
      matrix_product(batch_, width_, units_, place.hidden, op_.weights->data.data(), place.gates);
    }
    if (op_.kind == io::RecurrentKind::lstm) return rows_.lstm(functions_, step);
    if (op_.kind == io::RecurrentKind::simple_rnn) return rows_.simple(functions_, step);
    if (!reset_before_) return rows_.gru_reset_after(functions_, step);
    rows_.gru_gates(functions_, step);
    step.inner = at(queue, sum_at_);
    matrix_product(batch_, units_, units_, place.inner, candidate_->data.data(), step.inner);
    rows_.gru_candidate(functions_, step);
  }

  Place recorded(std::int64_t s) {
    std::int64_t const states = batch_ * units_;
    return {gates_.data() + s * batch_ * width_, inner_.data() + s * states, cell_.data() + s * states,
            hidden_.data() + s * states};
  }

  /// The forward pass, all steps kept: place s + 1 is that of step s, place 0 the start.
  void record(LibraryQueue& queue, float const* x) {
    auto const states = static_cast<std::size_t>((steps_ + 1) * batch_ * units_);
    if (gates_.size() == 0) {
      gates_ = Buffer<float>(static_cast<std::size_t>((steps_ + 1) * batch_ * width_));
      inner_ = Buffer<float>(states);
      cell_ = Buffer<float>(states);
      hidden_ = Buffer<float>(states);
    }
    for (std::int64_t s = 0; s < steps_; ++s) {
      Place const before = recorded(s), place = recorded(s + 1);
      std::copy_n(before.cell, batch_ * units_, place.cell);
      std::copy_n(before.hidden, batch_ * units_, place.hidden);
      run_step(queue, s, x, place);
    }
  }

  /// Adds the gradient of what step s emits.
  void add_from_outside(float const* dy, std::int64_t s, RecurrentGradient const& g) const {
    std::int64_t const shown = op_.emit == io::Emit::gates ? width_ : units_;
    float* const to = op_.emit == io::Emit::hidden ? g.dhidden : op_.emit == io::Emit::cell ? g.dcell : g.dgates;
    for (std::int64_t n = 0; n < batch_; ++n) {
      float const* const from = dy + (n * steps_ + time(s)) * shown;
      for (std::int64_t i = 0; i < shown; ++i) to[n * shown + i] += from[i];
    }
  }

  /// Brings the gradient of the state (and cell) from after step s to before it.
  void run_gradient(LibraryQueue& queue, std::int64_t s, RecurrentGradient const& g) {
    bool const gru = op_.kind == io::RecurrentKind::gru;
    if (reset_before_) {
      rows_.gru_candidate_gradient(functions_, g);
      float* const sum = at(queue, sum_at_);
      multiply(queue, inner_gradient_, g.dinner, sum);
      RecurrentGradient second = g;
      second.dinner = sum;
      rows_.gru_gates_gradient(functions_, second);
    } else if (gru) {
      rows_.gru_reset_after_gradient(functions_, g);
    } else if (op_.kind == io::RecurrentKind::lstm) {
      rows_.lstm_gradient(functions_, g);
    } else {
      rows_.simple_gradient(functions_, g);
    }
    if (s == 0) return;
    if (!gru) return multiply(queue, product_gradient_, g.dgates, g.dhidden);
    float* const sum = at(queue, sum_at_);
    multiply(queue, product_gradient_, g.dgates, sum);
    for (std::int64_t i = 0; i < batch_ * units_; ++i) g.dhidden[i] += sum[i];
  }

  std::shared_ptr<Library> library_;
  io::Recurrent op_;
  RecurrentRows const& rows_;
  RecurrentFunctions functions_;
  std::int64_t batch_, steps_, width_, units_;  // width = gates x units
  bool reset_before_;
  io::Weights candidate_;  // (units, units)
  Call product_, product_gradient_, inner_gradient_;
  std::size_t gates_at_ = 0, dgates_at_ = 0;  // scratch: (batch, width)
  std::size_t hidden_at_ = 0, cell_at_ = 0, inner_at_ = 0, sum_at_ = 0, dhidden_at_ = 0, dcell_at_ = 0,
              dinner_at_ = 0;                    // scratch: (batch, units)
  Buffer<float> gates_, inner_, cell_, hidden_;  // (steps + 1, batch, width or units), of the backward pass
};

}  // namespace

OperatorPtr make_recurrent(std::shared_ptr<Library> library, io::Recurrent const& op, Shape const& in,
                           std::int64_t batch) {
  return std::make_unique<Recurrent>(std::move(library), op, in, batch);
}

}  // namespace sonde::backend::onednn
