// Kernels that draw: a row's draw depends on its seed and the iteration, never on where the row stands.
#pragma once

#include "backend/cuda/kernels/index.hpp"
#include "backend/functors/draws.hpp"
#include "backend/rows.hpp"

namespace sonde::backend::kernels {

struct PickUnits {
  LoopState const* state;
  std::uint64_t run_seed;
  RowKey const* keys;
  std::uint32_t model;
  UnitList candidates;
  float weight;
  UnitPick* picks;
  SONDE_HOST_DEVICE std::int64_t count() const { return state->live; }
  SONDE_HOST_DEVICE void operator()(std::int64_t n) const {
    std::int32_t const list = candidates.count[0];
    if (list <= 0) {
      picks[n] = UnitPick{};
      return;
    }
    DrawKey const key{keys[n].pass, static_cast<std::uint64_t>(keys[n].seed), keys[n].iteration, model};
    std::uint64_t const drawn = functors::draw_below(run_seed, Purpose::neuron, key, static_cast<std::uint64_t>(list));
    picks[n] = UnitPick{candidates.layers[drawn], candidates.units[drawn], weight};
  }
};

struct DrawPatches {
  LoopState const* state;
  std::uint64_t run_seed;
  RowKey const* keys;
  std::int64_t rows, columns;  // places of a corner
  std::int64_t patches;
  std::int32_t* positions;
  SONDE_HOST_DEVICE std::int64_t count() const { return state->live * patches; }
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Split const at = split(i, patches);
    RowKey const& row = keys[at.quotient];
    // Patches are the same for all models: the key's model stands for the patch.
    DrawKey const key{row.pass, static_cast<std::uint64_t>(row.seed), row.iteration,
                      static_cast<std::uint32_t>(at.remainder)};
    functors::Words const words = functors::draw(run_seed, Purpose::patch, key);
    positions[2 * i] = functors::below(words.word[0], rows);
    positions[2 * i + 1] = functors::below(words.word[1], columns);
  }
};

}  // namespace sonde::backend::kernels
