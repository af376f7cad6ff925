#include <gtest/gtest.h>

#include "comm/partition.hpp"

namespace sonde::comm {
namespace {

TEST(Partition, BlocksCoverAllItemsOnceAndEvenly) {
  for (std::int64_t const items : {0, 1, 2, 7, 8, 1000}) {
    for (int const ranks : {1, 2, 3, 8, 13}) {
      std::int64_t next = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        Block const block = block_of(items, rank, ranks);
        EXPECT_EQ(block.first, next);
        EXPECT_GE(block.count, items / ranks);
        EXPECT_LE(block.count, items / ranks + 1);
        next += block.count;
      }
      EXPECT_EQ(next, items);
    }
  }
}

}  // namespace
}  // namespace sonde::comm
