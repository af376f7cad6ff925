#include "generate/ladder.hpp"

#include <algorithm>

namespace sonde::generate {

std::vector<std::int64_t> ladder(std::int64_t batch) {
  std::vector<std::int64_t> sizes{batch};
  for (std::int64_t eighths : {6, 4, 2, 1}) {
    std::int64_t const size = (batch * eighths / 8 + 7) / 8 * 8;
    if (size > 0 && size < sizes.back()) sizes.push_back(size);
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
