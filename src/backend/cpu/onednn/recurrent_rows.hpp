// The arithmetic of one time step of a recurrent layer for all samples of a batch: loops over units, compiled once per
// instruction set. Plain data only, as in lanes/kernels.hpp.
#pragma once

#include <cstdint>

#include "io/models/ops.hpp"

namespace sonde {
enum class CpuIsa;
}

namespace sonde::backend::onednn {

/// Functions of gates and states.
struct RecurrentFunctions {
  io::Activation gate, state;
};

/// Arrays are (batch, U), gates (batch, G U), all contiguous; rows of x (batch, G U) are x_stride apart.
struct RecurrentStep {
  std::int64_t batch = 0, units = 0, x_stride = 0;
  float const* x = nullptr;     // the input's share of the sums
  float const* bias = nullptr;  // (U), of a GRU's candidate inside the reset; null: 0
  float* gates = nullptr;       // in: the state's share of the sums, h R; out: the gates
  float* inner = nullptr;       // GRU only; see the functions
  float* cell = nullptr;        // LSTM only; in: before the step, out: after
  float* hidden = nullptr;      // in: before the step, out: after
};

struct RecurrentGradient {
  std::int64_t batch = 0, units = 0, dx_stride = 0;
  float const* gates = nullptr;  // of the step
  float const* inner = nullptr;
  float const *cell_before = nullptr, *cell = nullptr;
  float const *hidden_before = nullptr, *hidden = nullptr;
  float* dhidden = nullptr;  // in: gradient of the state after the step; out: what reaches that before directly (GRU)
  float* dcell = nullptr;    // in: of the cell after the step, out: before
  float* dgates = nullptr;   // in: gradient of the gates from outside; out: of h R
  float* dinner = nullptr;   // GRU with the reset before the product: gradient of the product (r h) R, then of r h
  float* dx = nullptr;       // gradient of the sums: set, or added to
  bool accumulate = false;
};

struct RecurrentRows {
  using Forward = void (*)(RecurrentFunctions const&, RecurrentStep const&);
  using Backward = void (*)(RecurrentFunctions const&, RecurrentGradient const&);
  Forward lstm, simple;
  /// inner out: h R + b of the candidate.
  Forward gru_reset_after;
  /// Two halves, and the product (r h) R between them. First: update and reset gate; inner out: r h. Second: inner in:
  /// (r h) R.
  Forward gru_gates, gru_candidate;
  Backward lstm_gradient, simple_gradient;
  /// inner: as left by the forward step.
  Backward gru_reset_after_gradient;
  /// Two halves, and the product dinner R^T between them: first the candidate and update gate, then the reset gate.
  Backward gru_candidate_gradient, gru_gates_gradient;
};

/// The loops for an instruction set this processor has.
RecurrentRows const& recurrent_rows(CpuIsa isa);

}  // namespace sonde::backend::onednn
