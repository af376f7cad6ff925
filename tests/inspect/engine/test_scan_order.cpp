#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "base/check.hpp"
#include "inspect/scan_order.hpp"

namespace sonde::inspect {
namespace {

ScanOrderOptions options(std::int64_t block, bool hold_out) {
  ScanOrderOptions result;
  result.block = block;
  result.hold_out = hold_out;
  return result;
}

TEST(ScanOrder, ReadsEveryRecordOnce) {
  ScanOrder const order(103, options(10, true));
  std::multiset<std::int64_t> seen;
  for (std::int64_t block = 0; block < order.blocks(); ++block) {
    for (std::int64_t record : order.block(block)) seen.insert(record);
  }
  std::vector<std::int64_t> all(103);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_TRUE(std::ranges::equal(seen, all));
}

TEST(ScanOrder, PutsHeldOutRecordsLast) {
  ScanOrderOptions some = options(7, true);
  some.holdout = parse_holdout("modulo:5");
  ScanOrder const order(100, some);
  EXPECT_EQ(order.training_records(), 80);
  EXPECT_EQ(order.training_blocks(), 12);  // 80 / 7, rounded up: a block is all of one kind
  for (std::int64_t block = 0; block < order.blocks(); ++block) {
    for (std::int64_t record : order.block(block)) EXPECT_EQ(record % 5 == 0, block >= 12);
  }
}

TEST(ScanOrder, DrawsTheShareByRecord) {
  ScanOrderOptions some = options(1, true);
  some.holdout = parse_holdout("hash:0.25");
  ScanOrder const order(4000, some);
  EXPECT_NEAR(static_cast<double>(order.training_records()), 3000, 110);  // 4 standard deviations
}

TEST(ScanOrder, KeepsTheOrderOfTheFileWhenTold) {
  ScanOrderOptions some = options(4, false);
  some.shuffle = false;
  ScanOrder const order(6, some);
  EXPECT_EQ(order.block(1)[1], 5);
  some.shuffle = true;
  ScanOrder const shuffled(6, some);
  bool moved = false;
  for (std::int64_t i = 0; i < 4; ++i) moved |= shuffled.block(0)[static_cast<std::size_t>(i)] != i;
  EXPECT_TRUE(moved);
}

TEST(ScanOrder, RefusesWhatLeavesNothing) {
  EXPECT_THROW(parse_holdout("hash:1"), InputError);
  EXPECT_THROW(parse_holdout("modulo:1"), InputError);
  EXPECT_THROW(parse_holdout("random"), InputError);
  ScanOrderOptions some = options(4, true);
  some.holdout = parse_holdout("modulo:5");
  EXPECT_THROW(ScanOrder(1, some), InputError);
}

}  // namespace
}  // namespace sonde::inspect
