#include <gtest/gtest.h>

#include <numeric>

#include "comm/collectives.hpp"
#include "comm/partition.hpp"

namespace sonde::comm {
namespace {

template <class T>
class Collectives : public testing::Test {
 protected:
  Communicator world_ = Communicator::world();
  T rank_ = static_cast<T>(world_.rank());
  T size_ = static_cast<T>(world_.size());
};
using Numbers = testing::Types<char, std::uint8_t, std::int32_t, std::int64_t, std::uint64_t, float, double>;
TYPED_TEST_SUITE(Collectives, Numbers);

TYPED_TEST(Collectives, ReduceEachElement) {
  using T = TypeParam;
  std::vector<T> values = {this->rank_, static_cast<T>(1), static_cast<T>(this->size_ - this->rank_)};
  std::vector<T> least = values;
  allreduce(this->world_, Reduction::max, std::span(values));
  EXPECT_EQ(values, (std::vector<T>{static_cast<T>(this->size_ - 1), 1, this->size_}));
  allreduce(this->world_, Reduction::min, std::span(least));
  EXPECT_EQ(least, (std::vector<T>{0, 1, 1}));
}

TYPED_TEST(Collectives, BroadcastFromEveryRoot) {
  for (int root = 0; root < this->world_.size(); ++root) {
    std::vector<TypeParam> values(3, static_cast<TypeParam>(this->rank_ + 1));
    broadcast(this->world_, std::span(values), root);
    EXPECT_EQ(values, std::vector<TypeParam>(3, static_cast<TypeParam>(root + 1)));
  }
}

TYPED_TEST(Collectives, GatherUnequalParts) {
  using T = TypeParam;
  std::vector<T> const own(static_cast<std::size_t>(this->world_.rank()), this->rank_);  // rank 0 gives nothing
  std::vector<T> expected;
  for (int rank = 0; rank < this->world_.size(); ++rank)
    expected.insert(expected.end(), static_cast<std::size_t>(rank), static_cast<T>(rank));
  EXPECT_EQ(allgather<T>(this->world_, own), expected);
  int const root = this->world_.size() - 1;
  EXPECT_EQ(gather<T>(this->world_, own, root), this->world_.rank() == root ? expected : std::vector<T>{});
}

TEST(CollectivesOfAll, SumsAndBits) {
  Communicator const world = Communicator::world();
  int const ranks = world.size();
  EXPECT_EQ(allreduce<std::int64_t>(world, Reduction::sum, world.rank() + 1), ranks * (ranks + 1) / 2);
  EXPECT_EQ(allreduce<std::int32_t>(world, Reduction::bit_or, 1 << world.rank()), (1 << ranks) - 1);
  EXPECT_EQ(allreduce<std::int32_t>(world, Reduction::logical_or, world.rank() == ranks - 1 ? 5 : 0),
            ranks == 1 ? 5 : 1);
  std::vector<std::byte> bits(2, std::byte{0});
  bits[world.rank() % 2] = std::byte{0x10};
  allreduce(world, Reduction::bit_or, std::span(bits));
  EXPECT_EQ(bits[0], std::byte{0x10});
  EXPECT_EQ(bits[1], ranks > 1 ? std::byte{0x10} : std::byte{0});
}

TEST(CollectivesOfAll, PrefixSum) {
  Communicator const world = Communicator::world();
  EXPECT_EQ(sum_of_lower_ranks(world, world.rank() + 1), world.rank() * (world.rank() + 1) / 2);
}

TEST(CollectivesOfAll, TextsOfAnyLength) {
  Communicator const world = Communicator::world();
  for (std::string const& text : {std::string(), std::string("größer"), std::string(100'000, 'x')}) {
    std::string copy = world.is_root() ? text : "old";
    broadcast(world, copy);
    EXPECT_EQ(copy, text);
  }
}

TEST(CollectivesOfAll, MoreThanOneCallTakes) {
  Communicator const world = Communicator::world();
  if (world.size() != 2) GTEST_SKIP() << "the memory is spent once, at two ranks";
  std::size_t const count = (std::size_t{1} << 26) + 5;
  std::vector<std::uint8_t> values(count, static_cast<std::uint8_t>(world.rank() + 1));
  values.back() = static_cast<std::uint8_t>(10 * (world.rank() + 1));
  std::vector<std::uint8_t> const all = allgather<std::uint8_t>(world, values);
  ASSERT_EQ(all.size(), 2 * count);
  EXPECT_EQ(all[count - 1], 10);
  EXPECT_EQ(all[count], 2);
  EXPECT_EQ(all.back(), 20);
  EXPECT_EQ(gather<std::uint8_t>(world, values), world.is_root() ? all : std::vector<std::uint8_t>{});
  allreduce(world, Reduction::sum, std::span(values));
  EXPECT_EQ(values.front(), 3);
  EXPECT_EQ(values.back(), 30);
  values.back() = static_cast<std::uint8_t>(world.rank());
  broadcast(world, std::span(values), 1);
  EXPECT_EQ(values.back(), 1);
}

TEST(ReduceScatter, GivesEachRankItsItems) {
  Communicator const world = Communicator::world();
  std::int64_t const items = 7, width = 3;
  std::vector<double> values(static_cast<std::size_t>(items * width));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i) + 100.0 * world.rank();
  reduce_scatter(world, std::span(values), items, width);
  Block const own = block_of(items, world.rank(), world.size());
  double const ranks = world.size();
  for (std::int64_t i = own.first * width; i < (own.first + own.count) * width; ++i) {
    EXPECT_EQ(values[static_cast<std::size_t>(i)], ranks * static_cast<double>(i) + 100.0 * ranks * (ranks - 1) / 2);
  }
}

}  // namespace
}  // namespace sonde::comm
