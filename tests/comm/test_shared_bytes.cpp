#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "comm/collectives.hpp"
#include "comm/shared_bytes.hpp"

namespace sonde::comm {
namespace {

TEST(SharedBytes, OneCopyIsSeenByAll) {
  Communicator const node = Communicator::world().split_node();
  SharedBytes memory(node, 100'000);
  ASSERT_EQ(memory.bytes().size(), 100'000u);
  EXPECT_TRUE(memory.shared());
  if (node.is_root()) std::fill(memory.bytes().begin(), memory.bytes().end(), std::byte{7});
  memory.publish();
  EXPECT_EQ(std::count(memory.bytes().begin(), memory.bytes().end(), std::byte{7}), 100'000);

  // One memory indeed: what the last rank writes is seen by the first.
  barrier(node);
  if (node.rank() == node.size() - 1) memory.bytes()[5] = std::byte{9};
  barrier(node);
  EXPECT_EQ(memory.bytes()[5], std::byte{9});
}

TEST(SharedBytes, MovesAndEmpty) {
  Communicator const node = Communicator::world().split_node();
  SharedBytes none(node, 0);
  none.publish();
  EXPECT_TRUE(none.bytes().empty());
  SharedBytes memory(node, 16);
  std::byte const* const place = memory.bytes().data();
  SharedBytes moved = std::move(memory);
  EXPECT_EQ(moved.bytes().data(), place);
  EXPECT_TRUE(memory.bytes().empty());  // NOLINT(bugprone-use-after-move)
}

TEST(SharedBytes, MoreThanThereIsIsRefusedOnAllRanks) {
  Communicator const node = Communicator::world().split_node();
  EXPECT_THROW(SharedBytes(node, std::size_t{1} << 60), Error);
}

}  // namespace
}  // namespace sonde::comm
