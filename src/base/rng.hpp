// Counter-based random numbers: a draw is a function of what it is for, never of rank, thread or time.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace sonde {

/// What a draw is used for; part of its key.
enum class Purpose : std::uint32_t { order, target, neuron, patch, holdout, control };

/// The place of a draw: together with the run seed it fixes the number drawn.
struct DrawKey {
  std::uint32_t pass = 0;
  std::uint64_t seed_index = 0;  // below 2^32: the upper half carries nothing
  std::uint32_t iteration = 0;
  std::uint32_t model = 0;  // below 2^16
};

/// Four random words: Philox4x32-10, Salmon et al., SC'11.
std::array<std::uint32_t, 4> draw(std::uint64_t run_seed, Purpose purpose, DrawKey const& key);

/// A number in [0, bound) from the first two words of draw(); bound > 0. Bias below bound / 2^64.
std::uint64_t draw_below(std::uint64_t run_seed, Purpose purpose, DrawKey const& key, std::uint64_t bound);

/// Puts items (record numbers, in ascending order) into a random order that depends on the run seed, the pass and the
/// items alone.
void shuffle(std::uint64_t run_seed, std::uint32_t pass, std::vector<std::int64_t>& items);

}  // namespace sonde
