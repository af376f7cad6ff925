// Even split of a number of items over ranks.
#pragma once

#include <algorithm>
#include <cstdint>

namespace sonde::comm {

/// Items [first, first + count).
struct Block {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

/// The block of `rank` when `items` are cut into `ranks` consecutive blocks whose sizes differ by at most one, the
/// larger ones first. Needs 0 <= rank < ranks.
inline Block block_of(std::int64_t items, int rank, int ranks) {
  std::int64_t const least = items / ranks;
  std::int64_t const larger = items % ranks;  // this many blocks hold one more
  return {rank * least + std::min<std::int64_t>(rank, larger), least + (rank < larger ? 1 : 0)};
}

}  // namespace sonde::comm
