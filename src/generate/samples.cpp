#include "generate/samples.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace sonde::generate {

Samples::Samples(Setup const& setup, std::size_t most)
    : setup_(setup),
      features_(static_cast<std::size_t>(setup.domain().features())),
      samples_(most),
      seeds_(most * features_),
      x_(most * features_, setup.memory()) {
  clear();
}

void Samples::clear() {
  free_.clear();
  for (std::size_t slot = samples_.size(); slot-- > 0;) free_.push_back(slot);
}

std::size_t Samples::add(std::uint32_t pass, std::int64_t seed_index, std::span<float const> seed) {
  EXPECT(!free_.empty());
  std::size_t const slot = free_.back();
  free_.pop_back();
  samples_[slot] = Sample{.seed_index = seed_index, .pass = pass};
  std::ranges::copy(seed, this->seed(slot).begin());
  if (stored_.size() > 0) std::ranges::copy(seed, stored(slot).begin());
  return slot;
}

}  // namespace sonde::generate
