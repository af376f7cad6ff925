// Random draws per row: a row's draw depends on its seed and the iteration, never on where the row stands.
#include "backend/rows.hpp"
#include "base/rng.hpp"

namespace sonde::backend {
namespace {

/// A number in [0, bound) of one random word; bias below bound / 2^32.
std::int32_t below(std::uint32_t word, std::int64_t bound) {
  return static_cast<std::int32_t>((std::uint64_t{word} * static_cast<std::uint64_t>(bound)) >> 32);
}

}  // namespace

void RowOps::pick_units(Queue&, LoopState const* state, std::uint64_t run_seed, RowKey const* keys, std::uint32_t model,
                        UnitList const& candidates, float weight, UnitPick* picks) const {
  for (std::int32_t n = 0; n < state->live; ++n) {
    picks[n] = UnitPick{};
    if (*candidates.count == 0) continue;
    DrawKey const key{keys[n].pass, static_cast<std::uint64_t>(keys[n].seed), keys[n].iteration, model};
    std::uint64_t const drawn =
        draw_below(run_seed, Purpose::neuron, key, static_cast<std::uint64_t>(*candidates.count));
    picks[n] = {candidates.layers[drawn], candidates.units[drawn], weight};
  }
}

void RowOps::draw_patches(Queue&, LoopState const* state, std::uint64_t run_seed, RowKey const* keys,
                          Shape const& image, std::int64_t size, std::int64_t count, std::int32_t* positions) const {
  for (std::int32_t n = 0; n < state->live; ++n) {
    for (std::int64_t i = 0; i < count; ++i) {
      // Patches are the same for all models: the key's model stands for the patch.
      DrawKey const key{keys[n].pass, static_cast<std::uint64_t>(keys[n].seed), keys[n].iteration,
                        static_cast<std::uint32_t>(i)};
      auto const words = draw(run_seed, Purpose::patch, key);
      std::int32_t* const corner = positions + (n * count + i) * 2;
      corner[0] = below(words[0], image[0] - size + 1);
      corner[1] = below(words[1], image[1] - size + 1);
    }
  }
}

}  // namespace sonde::backend
