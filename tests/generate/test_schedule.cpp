// Which batch sizes an ascent runs at, and which seeds are worked on when.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "generate/ladder.hpp"
#include "generate/schedule.hpp"

namespace sonde::generate {
namespace {

TEST(Ladder, OfTheDefaultBatch) {
  EXPECT_EQ(ladder(64), (std::vector<std::int64_t>{64, 48, 32, 16, 8}));
  EXPECT_EQ(ladder(8), (std::vector<std::int64_t>{8}));
  EXPECT_EQ(ladder(1), (std::vector<std::int64_t>{1}));
}

TEST(Ladder, DescendsFromEveryBatchAndFitsEveryCount) {
  for (std::int64_t batch = 1; batch <= 300; ++batch) {
    auto const sizes = ladder(batch);
    EXPECT_EQ(sizes.front(), batch);
    EXPECT_TRUE(std::ranges::is_sorted(sizes, std::ranges::greater_equal{})) << batch;
    EXPECT_EQ(std::set<std::int64_t>(sizes.begin(), sizes.end()).size(), sizes.size()) << batch;
    EXPECT_LE(sizes.back(), 8) << batch;
    for (std::int64_t live = 1; live <= batch; ++live) {
      std::int64_t const shape = ladder_shape(sizes, live);
      EXPECT_GE(shape, live);
      for (std::int64_t size : sizes) EXPECT_FALSE(size >= live && size < shape) << batch << " " << live;
    }
  }
}

/// Seeds and sizes of a whole schedule.
struct Plan {
  std::vector<std::int64_t> rounds;               // seeds in each
  std::vector<std::vector<std::int64_t>> passes;  // seeds of each, in order
  std::vector<std::int64_t> batches;              // seeds in each
};

Plan run_of(Config const& config, std::int64_t records) {
  Schedule schedule(config, records);
  Plan run;
  std::int64_t number = 0;
  for (Round round = schedule.next(); !round.batches.empty(); round = schedule.next()) {
    EXPECT_EQ(round.number, number++);
    run.passes.resize(round.pass + 1);
    run.rounds.push_back(0);
    for (MicroBatch const& batch : round.batches) {
      EXPECT_EQ(batch.pass, round.pass);
      run.rounds.back() += static_cast<std::int64_t>(batch.seeds.size());
      run.batches.push_back(static_cast<std::int64_t>(batch.seeds.size()));
      run.passes[round.pass].insert(run.passes[round.pass].end(), batch.seeds.begin(), batch.seeds.end());
    }
  }
  EXPECT_TRUE(schedule.next().batches.empty()) << "it goes on after its end";
  return run;
}

Config small_rounds() {
  Config config;
  config.first_round = 10;
  config.round = 40;
  config.batch = 8;
  return config;
}

TEST(Schedule, RoundsDoubleAndAreCutByPosition) {
  Plan const run = run_of(small_rounds(), 100);
  EXPECT_EQ(run.rounds, (std::vector<std::int64_t>{10, 20, 40, 30}));
  EXPECT_EQ(run.batches, (std::vector<std::int64_t>{8, 2, 8, 8, 4, 8, 8, 8, 8, 8, 8, 8, 8, 6}));
}

TEST(Schedule, EverySeedOncePerPass) {
  Config config = small_rounds();
  config.passes = 3;
  Plan const run = run_of(config, 50);
  ASSERT_EQ(run.passes.size(), 3U);
  for (auto pass : run.passes) {
    std::ranges::sort(pass);
    std::vector<std::int64_t> all(50);
    std::iota(all.begin(), all.end(), 0);
    EXPECT_EQ(pass, all);
  }
  EXPECT_NE(run.passes[0], run.passes[1]);
  EXPECT_NE(run.passes[1], run.passes[2]);
}

TEST(Schedule, FileOrder) {
  Config config = small_rounds();
  config.order = Order::file;
  config.num_seeds = 5;
  config.passes = 2;
  Plan const run = run_of(config, 50);
  EXPECT_EQ(run.passes, (std::vector<std::vector<std::int64_t>>{{0, 1, 2, 3, 4}, {0, 1, 2, 3, 4}}));
}

TEST(Schedule, NumberOfSeedsTakesTheSameInEveryPass) {
  Config config = small_rounds();
  config.num_seeds = 12;
  config.passes = 2;
  Plan const run = run_of(config, 1000);
  std::set<std::int64_t> const first(run.passes[0].begin(), run.passes[0].end());
  EXPECT_EQ(first.size(), 12U);
  EXPECT_EQ(first, std::set<std::int64_t>(run.passes[1].begin(), run.passes[1].end()));
  EXPECT_GT(*first.rbegin(), 200) << "a shuffle that stays at the start of the file";
  config.num_seeds = 5000;  // more than there are
  EXPECT_EQ(Schedule(config, 1000).total(), 2000);
}

TEST(Schedule, RunSeedDecidesTheOrder) {
  Config config = small_rounds();
  auto const order = run_of(config, 100).passes[0];
  EXPECT_EQ(order, run_of(config, 100).passes[0]);
  config.rng_seed = 1;
  EXPECT_NE(order, run_of(config, 100).passes[0]);
}

TEST(Schedule, FirstRoundLargerThanTheOthers) {
  Config config = small_rounds();
  config.first_round = 60;
  EXPECT_EQ(run_of(config, 130).rounds, (std::vector<std::int64_t>{60, 60, 10}));
}

}  // namespace
}  // namespace sonde::generate
