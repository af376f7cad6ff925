#include "inspect/statistics/uncertainty.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <numeric>
#include <random>

#include "backend/threads.hpp"
#include "inspect/measures/measure.hpp"

namespace sonde::inspect::test {
namespace {

TEST(Uncertainty, BenjaminiHochbergByHand) {
  double const nan = std::nan("");
  // p * m / rank: .005 * 4, .04 * 4 / 3, .03 * 4 / 2, .9; the smallest of those from a rank on.
  std::vector<double> const q = benjamini_hochberg(std::vector<double>{0.04, nan, 0.005, 0.9, 0.03});
  EXPECT_NEAR(q[0], 0.04 * 4 / 3, 1e-15);
  EXPECT_TRUE(std::isnan(q[1]));
  EXPECT_NEAR(q[2], 0.02, 1e-15);
  EXPECT_NEAR(q[3], 0.9, 1e-15);
  EXPECT_NEAR(q[4], 0.04 * 4 / 3, 1e-15);
  EXPECT_TRUE(benjamini_hochberg({}).empty());
}

TEST(Uncertainty, StudentTables) {
  // Table of the t distribution: 97.5 % at 10 degrees 2.228, at 1 degree 12.706.
  EXPECT_NEAR(p_value(2.2281388, 1, 10), 0.05, 1e-7);
  EXPECT_NEAR(p_value(-12.7062047, 1, 1), 0.05, 1e-7);
  EXPECT_TRUE(std::isnan(p_value(1, 1, 0.9)));
  EXPECT_EQ(p_value(1, 0, 5), 0);
  EXPECT_EQ(p_value(0, 0, 5), 1);
}

TEST(Uncertainty, HalfWidthSpendsItsLevel) {
  // The first look spends 6 / pi^2 of alpha: with alpha = 0.05 pi^2 / 6 that is 0.05.
  HalfWidth first(1, 1'000'000'000, 1 - 0.05 * 9.8696044011 / 6, 1);
  EXPECT_NEAR(first(0.5, 10), 0.5 * 2.2281388, 1e-6);
  EXPECT_NEAR(first(0.5, 10.9), 0.5 * 2.2281388, 1e-6);
  EXPECT_NEAR(first(0.5, 1), 0.5 * 12.7062047, 1e-6);
  EXPECT_TRUE(std::isnan(first(0.5, 0.9)));
  EXPECT_TRUE(std::isnan(first(std::nan(""), 10)));
  EXPECT_LT(HalfWidth(10, 1000, 0.95, 1)(1, 19), HalfWidth(10, 1000, 0.95, 2)(1, 19));
  EXPECT_EQ(HalfWidth(1000, 1000, 0.95, 1)(1, 19), 0);  // everything was read
  EXPECT_NEAR(finite_population(75, 100), std::sqrt(25.0 / 99), 1e-15);
}

constexpr std::int64_t record_rows = 10;

/// A data set of dependent rows: units and hypotheses share a state of their record. Hypotheses: frequent, and in about
/// 3 % and 1 % of the rows, in runs.
struct Stream {
  std::int64_t units = 3, hypotheses = 3, records = 0;
  std::vector<float> unit, hypothesis;

  Stream(std::int64_t record_count, std::mt19937& random) : records(record_count) {
    std::normal_distribution<float> normal;
    for (std::int64_t record = 0; record < records; ++record) {
      float const state = normal(random);
      for (std::int64_t row = 0; row < record_rows; ++row) {
        float const own = normal(random), frequent = state + own > 0 ? 1 : 0;
        float const rare = state > 1.5F && row < 5 ? 1 : 0;
        float const rarest = state + 0.3F * own > 2.35F ? 1 : 0;
        hypothesis.insert(hypothesis.end(), {frequent, rare, rarest});
        float const mixed = 0.6F * state + normal(random);
        unit.insert(unit.end(), {mixed, std::tanh(own + 2 * rare), normal(random) + rarest});
      }
    }
  }

  /// Blocks of some records in the order given, as rows.
  Rows block(std::vector<std::int64_t> const& order, std::int64_t first, std::int64_t count, std::vector<float>& x,
             std::vector<float>& y) const {
    x.clear();
    y.clear();
    for (std::int64_t i = first; i < first + count; ++i) {
      std::int64_t const row = order[static_cast<std::size_t>(i)] * record_rows;
      x.insert(x.end(), unit.begin() + row * units, unit.begin() + (row + record_rows) * units);
      y.insert(y.end(), hypothesis.begin() + row * hypotheses, hypothesis.begin() + (row + record_rows) * hypotheses);
    }
    return {count * record_rows, units, hypotheses, x.data(), y.data(), nullptr};
  }
};

/// Reads records in random order and stops, pair by pair, as the engine does column by column: at looks after 24
/// blocks and then 1.4 times as many, when the half width is at most epsilon. Counts intervals that hold the score of
/// the whole data.
TEST(Simulation, IntervalsCoverWhenStoppedEarly) {
  backend::use_one_thread();
  constexpr std::int64_t records = 3000, block_records = 10, streams = 1000;
  constexpr double epsilon = 0.1, confidence = 0.95;
  std::mt19937 random(11);
  std::vector<std::int64_t> covered(9), early(9);
  std::vector<float> x, y;
  for (std::int64_t trial = 0; trial < streams; ++trial) {
    Stream const stream(records, random);
    MeasureSet const set({"pearson"}, {3, 3, false, records * record_rows});
    Pilot const pilot{std::vector<double>(3, 0.0), {0.5, 0.03, 0.01}};
    std::vector<std::int64_t> order(records);
    std::iota(order.begin(), order.end(), 0);
    Statistics whole = set.make_statistics(pilot, nullptr);
    whole.update(stream.block(order, 0, records, x, y));
    std::vector<double> const truth = set[0].finalize(whole, {0, 3}).value;

    std::ranges::shuffle(order, random);
    Statistics read = set.make_statistics(pilot, nullptr);
    std::vector<bool> stopped(9);
    int look = 0;
    std::int64_t next_look = 24;
    for (std::int64_t block = 0; block * block_records < records; ++block) {
      read.update(stream.block(order, block * block_records, block_records, x, y));
      bool const last = (block + 1) * block_records == records;
      if (block + 1 != next_look && !last) continue;
      next_look = static_cast<std::int64_t>(std::ceil(1.4 * static_cast<double>(next_look)));
      ++look;
      Scores const scores = set[0].finalize(read, {0, 3});
      HalfWidth half_width((block + 1) * block_records * record_rows, records * record_rows, confidence, look);
      for (std::size_t pair = 0; pair < 9; ++pair) {
        double const width = half_width(scores.stderr_[pair], scores.degrees[pair]);
        if (stopped[pair] || !(width <= epsilon)) continue;
        stopped[pair] = true;
        early[pair] += last ? 0 : 1;
        covered[pair] += std::fabs(scores.value[pair] - truth[pair]) <= width + 1e-12 ? 1 : 0;
      }
    }
  }
  for (std::size_t pair = 0; pair < 9; ++pair) {
    EXPECT_GE(covered[pair], streams * 93 / 100) << "pair " << pair << ", stopped early " << early[pair];
    RecordProperty("covered_" + std::to_string(pair), std::to_string(covered[pair]));
    std::printf("pair %zu: covered %.3f, stopped early %.3f\n", pair, static_cast<double>(covered[pair]) / streams,
                static_cast<double>(early[pair]) / streams);
  }
  EXPECT_GT(std::accumulate(early.begin(), early.end(), std::int64_t{0}), 7 * streams);
}

}  // namespace
}  // namespace sonde::inspect::test
