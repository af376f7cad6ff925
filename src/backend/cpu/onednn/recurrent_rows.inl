// What recurrent_rows_*.cpp compile. All names have internal linkage.
#include "backend/cpu/onednn/recurrent_rows.hpp"
#include "backend/functors/recurrent.hpp"

namespace sonde::backend::onednn {
namespace {

using functors::GruGates;
using functors::GruStep;
using functors::LstmGates;
using functors::LstmStep;

/// Calls row(functors, sample) for every sample, with the functions compiled in.
template <template <class, class> class Step, class Row>
void for_rows(RecurrentFunctions const& f, std::int64_t batch, Row const& row) {
  functors::with_recurrent_functions(f.gate, f.state, [&](auto gate, auto state) {
    for (std::int64_t n = 0; n < batch; ++n) row(Step<decltype(gate), decltype(state)>{gate, state}, n);
  });
}

/// Elman's network: only a state, h' = F(x + h R).
template <class Gate, class State>
struct SimpleStep {
  Gate gate;
  State state;
};

template <class Step>
void lstm_row(Step step, std::int64_t U, float const* __restrict x, float* __restrict a, float* __restrict cell,
              float* __restrict hidden) {
  for (std::int64_t u = 0; u < U; ++u) {
    LstmGates<float> const g = step.gates(
        LstmGates<float>{x[u] + a[u], x[U + u] + a[U + u], x[2 * U + u] + a[2 * U + u], x[3 * U + u] + a[3 * U + u]});
    a[u] = g.input;
    a[U + u] = g.forget;
    a[2 * U + u] = g.candidate;
    a[3 * U + u] = g.output;
    cell[u] = step.cell(g, cell[u]);
    hidden[u] = step.hidden(g, cell[u]);
  }
}

void lstm(RecurrentFunctions const& f, RecurrentStep const& s) {
  for_rows<LstmStep>(f, s.batch, [&](auto step, std::int64_t n) {
    std::int64_t const U = s.units;
    lstm_row(step, U, s.x + n * s.x_stride, s.gates + n * 4 * U, s.cell + n * U, s.hidden + n * U);
  });
}

void simple(RecurrentFunctions const& f, RecurrentStep const& s) {
  for_rows<SimpleStep>(f, s.batch, [&](auto step, std::int64_t n) {
    float const* __restrict const x = s.x + n * s.x_stride;
    float* __restrict const a = s.gates + n * s.units;
    float* __restrict const hidden = s.hidden + n * s.units;
    for (std::int64_t u = 0; u < s.units; ++u) hidden[u] = a[u] = step.state.value(x[u] + a[u]);
  });
}

void gru_reset_after(RecurrentFunctions const& f, RecurrentStep const& s) {
  for_rows<GruStep>(f, s.batch, [&](auto step, std::int64_t n) {
    std::int64_t const U = s.units;
    float const* __restrict const x = s.x + n * s.x_stride;
    float const* __restrict const bias = s.bias;
    float* __restrict const a = s.gates + n * 3 * U;
    float* __restrict const inner = s.inner + n * U;
    float* __restrict const hidden = s.hidden + n * U;
    for (std::int64_t u = 0; u < U; ++u) inner[u] = a[2 * U + u] + (bias ? bias[u] : 0);
    for (std::int64_t u = 0; u < U; ++u) {
      GruGates<float> g{step.gate.value(x[u] + a[u]), step.gate.value(x[U + u] + a[U + u]), 0};
      g.candidate = step.state.value(x[2 * U + u] + g.reset * inner[u]);
      a[u] = g.update;
      a[U + u] = g.reset;
      a[2 * U + u] = g.candidate;
      hidden[u] = step.hidden(g, hidden[u]);
    }
  });
}

void gru_gates(RecurrentFunctions const& f, RecurrentStep const& s) {
  for_rows<GruStep>(f, s.batch, [&](auto step, std::int64_t n) {
    std::int64_t const U = s.units;
    float const* __restrict const x = s.x + n * s.x_stride;
    float const* __restrict const hidden = s.hidden + n * U;
    float* __restrict const a = s.gates + n * 3 * U;
    float* __restrict const inner = s.inner + n * U;
    for (std::int64_t u = 0; u < U; ++u) {
      a[u] = step.gate.value(x[u] + a[u]);
      a[U + u] = step.gate.value(x[U + u] + a[U + u]);
      inner[u] = a[U + u] * hidden[u];
    }
  });
}

void gru_candidate(RecurrentFunctions const& f, RecurrentStep const& s) {
  for_rows<GruStep>(f, s.batch, [&](auto step, std::int64_t n) {
    std::int64_t const U = s.units;
    float const* __restrict const x = s.x + n * s.x_stride;
    float const* __restrict const inner = s.inner + n * U;
    float* __restrict const a = s.gates + n * 3 * U;
    float* __restrict const hidden = s.hidden + n * U;
    for (std::int64_t u = 0; u < U; ++u) {
      a[2 * U + u] = step.state.value(x[2 * U + u] + inner[u]);
      hidden[u] = step.hidden(GruGates<float>{a[u], a[U + u], a[2 * U + u]}, hidden[u]);
    }
  });
}

/// dx = or += value
inline void put(bool accumulate, float value, float& dx) { dx = accumulate ? dx + value : value; }

void lstm_gradient(RecurrentFunctions const& f, RecurrentGradient const& s) {
  for_rows<LstmStep>(f, s.batch, [&](auto step, std::int64_t n) {
    std::int64_t const U = s.units;
    float const* __restrict const a = s.gates + n * 4 * U;
    float const* __restrict const before = s.cell_before + n * U;
    float const* __restrict const cell = s.cell + n * U;
    float const* __restrict const dhidden = s.dhidden + n * U;
    float* __restrict const dcell = s.dcell + n * U;
    float* __restrict const d = s.dgates + n * 4 * U;
    for (std::int64_t u = 0; u < U; ++u) {
      LstmGates<float> sums{d[u], d[U + u], d[2 * U + u], d[3 * U + u]};
      step.backward(LstmGates<float>{a[u], a[U + u], a[2 * U + u], a[3 * U + u]}, before[u], cell[u], dhidden[u],
                    dcell[u], sums);
      d[u] = sums.input;
      d[U + u] = sums.forget;
      d[2 * U + u] = sums.candidate;
      d[3 * U + u] = sums.output;
    }
    float* __restrict const dx = s.dx + n * s.dx_stride;
    for (std::int64_t i = 0; i < 4 * U; ++i) put(s.accumulate, d[i], dx[i]);
  });
}

void simple_gradient(RecurrentFunctions const& f, RecurrentGradient const& s) {
  for_rows<SimpleStep>(f, s.batch, [&](auto step, std::int64_t n) {
    float const* __restrict const hidden = s.hidden + n * s.units;
    float const* __restrict const dhidden = s.dhidden + n * s.units;
    float* __restrict const d = s.dgates + n * s.units;
    float* __restrict const dx = s.dx + n * s.dx_stride;
    for (std::int64_t u = 0; u < s.units; ++u) {
      d[u] = dhidden[u] * step.state.slope(hidden[u]);
      put(s.accumulate, d[u], dx[u]);
    }
  });
}

void gru_reset_after_gradient(RecurrentFunctions const& f, RecurrentGradient const& s) {
  for_rows<GruStep>(f, s.batch, [&](auto step, std::int64_t n) {
    std::int64_t const U = s.units;
    float const* __restrict const a = s.gates + n * 3 * U;
    float const* __restrict const inner = s.inner + n * U;
    float const* __restrict const before = s.hidden_before + n * U;
    float* __restrict const dhidden = s.dhidden + n * U;
    float* __restrict const d = s.dgates + n * 3 * U;
    float* __restrict const dx = s.dx + n * s.dx_stride;
    for (std::int64_t u = 0; u < U; ++u) {
      GruGates<float> const g{a[u], a[U + u], a[2 * U + u]};
      GruGates<float> sums{d[u], d[U + u], d[2 * U + u]};
      step.backward(g, before[u], dhidden[u], sums);
      sums.reset = step.reset_sum(g.reset, sums.reset, sums.candidate, inner[u]);
      d[u] = sums.update;
      d[U + u] = sums.reset;
      d[2 * U + u] = sums.candidate * g.reset;
      put(s.accumulate, sums.update, dx[u]);
      put(s.accumulate, sums.reset, dx[U + u]);
      put(s.accumulate, sums.candidate, dx[2 * U + u]);
    }
  });
}

void gru_candidate_gradient(RecurrentFunctions const& f, RecurrentGradient const& s) {
  for_rows<GruStep>(f, s.batch, [&](auto step, std::int64_t n) {
    std::int64_t const U = s.units;
    float const* __restrict const a = s.gates + n * 3 * U;
    float const* __restrict const before = s.hidden_before + n * U;
    float* __restrict const dhidden = s.dhidden + n * U;
    float* __restrict const d = s.dgates + n * 3 * U;
    float* __restrict const dinner = s.dinner + n * U;
    float* __restrict const dx = s.dx + n * s.dx_stride;
    for (std::int64_t u = 0; u < U; ++u) {
      GruGates<float> sums{d[u], d[U + u], d[2 * U + u]};
      step.backward(GruGates<float>{a[u], a[U + u], a[2 * U + u]}, before[u], dhidden[u], sums);
      d[u] = sums.update;
      d[2 * U + u] = 0;  // reaches the state through dinner
      dinner[u] = sums.candidate;
      put(s.accumulate, sums.update, dx[u]);
      put(s.accumulate, sums.candidate, dx[2 * U + u]);
    }
  });
}

void gru_gates_gradient(RecurrentFunctions const& f, RecurrentGradient const& s) {
  for_rows<GruStep>(f, s.batch, [&](auto step, std::int64_t n) {
    std::int64_t const U = s.units;
    float const* __restrict const a = s.gates + n * 3 * U;
    float const* __restrict const before = s.hidden_before + n * U;
    float const* __restrict const dinner = s.dinner + n * U;
    float* __restrict const dhidden = s.dhidden + n * U;
    float* __restrict const d = s.dgates + n * 3 * U;
    float* __restrict const dx = s.dx + n * s.dx_stride;
    for (std::int64_t u = 0; u < U; ++u) {
      float const reset = a[U + u];
      d[U + u] = step.reset_sum(reset, d[U + u], dinner[u], before[u]);
      dhidden[u] += dinner[u] * reset;
      put(s.accumulate, d[U + u], dx[U + u]);
    }
  });
}

constexpr RecurrentRows all_rows{lstm,
                                 simple,
                                 gru_reset_after,
                                 gru_gates,
                                 gru_candidate,
                                 lstm_gradient,
                                 simple_gradient,
                                 gru_reset_after_gradient,
                                 gru_candidate_gradient,
                                 gru_gates_gradient};

}  // namespace
}  // namespace sonde::backend::onednn
