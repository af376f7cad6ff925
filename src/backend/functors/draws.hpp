// Random draws of base/rng.hpp for kernels: the same numbers for the same keys.
#pragma once

#include <Random123/philox.h>

#include <cstdint>

#include "backend/functors/host_device.hpp"
#include "base/rng.hpp"

namespace sonde::backend::functors {

struct Words {
  std::uint32_t word[4];
};

/// Four random words: Philox4x32-10, as sonde::draw().
SONDE_HOST_DEVICE inline Words draw(std::uint64_t run_seed, Purpose purpose, DrawKey const& key) {
  r123::Philox4x32::ctr_type counter;
  counter.v[0] = key.pass;
  counter.v[1] = static_cast<std::uint32_t>(key.seed_index);
  counter.v[2] = key.iteration;
  counter.v[3] = key.model | (static_cast<std::uint32_t>(purpose) << 16);
  r123::Philox4x32::key_type seed;
  seed.v[0] = static_cast<std::uint32_t>(run_seed);
  seed.v[1] = static_cast<std::uint32_t>(run_seed >> 32);
  r123::Philox4x32::ctr_type const drawn = r123::Philox4x32{}(counter, seed);
  return {{drawn.v[0], drawn.v[1], drawn.v[2], drawn.v[3]}};
}

/// The upper half of the 128 bits of a b.
SONDE_HOST_DEVICE inline std::uint64_t product_high(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t low = 0xffffffffU;
  std::uint64_t const a0 = a & low, a1 = a >> 32, b0 = b & low, b1 = b >> 32;
  std::uint64_t const middle = a1 * b0 + ((a0 * b0) >> 32);  // fits: (2^32 - 1)^2 + 2^32 - 1
  std::uint64_t const other = a0 * b1 + (middle & low);
  return a1 * b1 + (middle >> 32) + (other >> 32);
}

/// A number in [0, bound), as sonde::draw_below(); bound > 0.
SONDE_HOST_DEVICE inline std::uint64_t draw_below(std::uint64_t run_seed, Purpose purpose, DrawKey const& key,
                                                  std::uint64_t bound) {
  Words const words = functors::draw(run_seed, purpose, key);
  return product_high((std::uint64_t{words.word[0]} << 32) | words.word[1], bound);
}

/// A number in [0, bound) of one random word; bias below bound / 2^32.
SONDE_HOST_DEVICE inline std::int32_t below(std::uint32_t word, std::int64_t bound) {
  return static_cast<std::int32_t>((std::uint64_t{word} * static_cast<std::uint64_t>(bound)) >> 32);
}

}  // namespace sonde::backend::functors
