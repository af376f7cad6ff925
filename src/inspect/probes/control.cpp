#include "inspect/probes/control.hpp"

#include <algorithm>

#include "base/rng.hpp"

namespace sonde::inspect {

void control_draws(std::uint64_t rng_seed, std::int64_t key, std::int64_t count, float* out) {
  auto const wide = static_cast<std::uint64_t>(key);
  DrawKey place{static_cast<std::uint32_t>(wide >> 32), wide & 0xffffffffU, 0, 0};
  for (std::int64_t h = 0; h < count; h += 4) {
    place.iteration = static_cast<std::uint32_t>(h / 4);
    auto const words = draw(rng_seed, Purpose::control, place);
    for (std::int64_t i = 0; i < std::min<std::int64_t>(4, count - h); ++i)
      out[h + i] = static_cast<float>(words[static_cast<std::size_t>(i)] >> 8) * 0x1p-24F;
  }
}

}  // namespace sonde::inspect
