#include "base/rng.hpp"

#include <Random123/philox.h>

#include <algorithm>
#include <utility>

#include "base/check.hpp"

namespace sonde {

std::array<std::uint32_t, 4> draw(std::uint64_t run_seed, Purpose purpose, DrawKey const& key) {
  EXPECT(key.seed_index < (std::uint64_t{1} << 32) && key.model < (1U << 16));
  r123::Philox4x32::ctr_type const counter{{key.pass, static_cast<std::uint32_t>(key.seed_index), key.iteration,
                                            key.model | (static_cast<std::uint32_t>(purpose) << 16)}};
  r123::Philox4x32::key_type const seed{
      {static_cast<std::uint32_t>(run_seed), static_cast<std::uint32_t>(run_seed >> 32)}};
  auto const words = r123::Philox4x32{}(counter, seed);
  return {words[0], words[1], words[2], words[3]};
}

std::uint64_t draw_below(std::uint64_t run_seed, Purpose purpose, DrawKey const& key, std::uint64_t bound) {
  EXPECT(bound > 0);
  auto const words = draw(run_seed, purpose, key);
  std::uint64_t const word = (std::uint64_t{words[0]} << 32) | words[1];
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<Wide>(word) * bound) >> 64);
}

void shuffle(std::uint64_t run_seed, std::uint32_t pass, std::vector<std::int64_t>& items) {
  std::vector<std::pair<std::uint64_t, std::int64_t>> keyed;
  keyed.reserve(items.size());
  for (std::int64_t item : items) {
    auto const words = draw(run_seed, Purpose::order, {pass, static_cast<std::uint64_t>(item), 0, 0});
    keyed.emplace_back((std::uint64_t{words[0]} << 32) | words[1], item);
  }
  std::ranges::sort(keyed);
  std::ranges::transform(keyed, items.begin(), &std::pair<std::uint64_t, std::int64_t>::second);
}

}  // namespace sonde
