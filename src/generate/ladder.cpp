#include "generate/ladder.hpp"

#include <algorithm>

namespace sonde::generate {

std::vector<std::int64_t> ladder(std::int64_t batch) {
  std::vector<std::int64_t> sizes{batch};
  for (std::int64_t part = batch; sizes.back() > 8; part /= 2) {
    for (std::int64_t const size : {part * 3 / 4, part / 2}) {
      // Whole groups of 16 samples, as the lanes kernels compute them, down to 16; then 8.
      std::int64_t const quantum = size > 8 ? 16 : 8;
      std::int64_t const rounded = (size + quantum - 1) / quantum * quantum;
      if (rounded < sizes.back()) sizes.push_back(rounded);
    }
  }
  return sizes;
}

std::int64_t ladder_shape(std::vector<std::int64_t> const& sizes, std::int64_t live) {
  std::int64_t shape = sizes.front();
  for (std::int64_t size : sizes) {
    if (size >= live) shape = size;
  }
  return shape;
}

std::int64_t record_batch(std::int64_t batch) { return std::min<std::int64_t>(batch, 16); }

}  // namespace sonde::generate
