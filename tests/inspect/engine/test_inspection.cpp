// The engine against brute force over all rows, and against itself on one rank.
#include "comm/agree.hpp"
#include "fake_data.hpp"

namespace sonde::inspect::test {
namespace {

TEST(Inspection, EqualsBruteForceOnAllRows) {
  for (int threads : {1, 2}) {
    Case some;
    some.config.threads = threads;
    Result const result = some.run(comm::Communicator::world());
    some.expect_brute_force(result, 1e-9);
    EXPECT_EQ(result.rows, 1200);
    EXPECT_FALSE(result.stopped_early);
    EXPECT_EQ(result.measures[0].rows[2], 1200);
    EXPECT_EQ(result.measures[0].converged[2], 1);
  }
}

TEST(Inspection, LeavesPaddingOut) {
  Case some;
  some.text = true;
  Result const result = some.run(comm::Communicator::world());
  some.expect_brute_force(result, 1e-9);
  EXPECT_EQ(result.rows, 900);
  EXPECT_EQ(result.total_rows, 900);
}

TEST(Inspection, CountsTheSupportOfHypotheses) {
  Case some;
  Result const result = some.run(comm::Communicator::world());
  for (std::int64_t h = 0; h < some.hypotheses; ++h) {
    std::int64_t support = 0;
    for (std::int64_t r = 0; r < some.records; ++r) {
      for (std::int64_t s = 0; s < some.symbols; ++s) support += label(r, s, h) != 0 ? 1 : 0;
    }
    EXPECT_EQ(result.columns.support[static_cast<std::size_t>(h)], support);
    EXPECT_FALSE(result.columns.constant(h));
  }
}

TEST(Inspection, StopsWhenEveryScoreIsKnown) {
  Case some;
  some.records = 30000;
  some.hypotheses = 3;
  some.config.order.block = 50;
  some.config.epsilon = 0.06;
  Result const result = some.run(comm::Communicator::world());
  EXPECT_TRUE(result.stopped_early);
  EXPECT_LT(result.rows, 60000);
  for (std::uint8_t converged : result.measures[0].converged) EXPECT_EQ(converged, 1);
  some.expect_brute_force(result, 0.06);
}

TEST(Inspection, ReadsOnForARareHypothesis) {
  Case some;
  some.records = 4000;
  some.hypotheses = 14;  // the last is 1 in 16,384 rows
  some.config.order.block = 20;
  some.config.epsilon = 0.1;
  Result const result = some.run(comm::Communicator::world());
  EXPECT_FALSE(result.stopped_early);
  EXPECT_EQ(result.rows, 16000);
  EXPECT_LT(result.measures[0].rows[0], 16000);
  EXPECT_EQ(result.measures[0].rows[13], 16000);
}

TEST(Inspection, TakesHypothesesInTurnsWhenMemoryIsShort) {
  Case some;
  some.units = 60;
  some.hypotheses = 20;
  some.config.order.block = 1;
  some.config.memory = 120000;
  Result const result = some.run(comm::Communicator::world());
  EXPECT_GT(some.tiles, 1);
  some.expect_brute_force(result, 1e-9);
  some.config.memory = 2000;
  EXPECT_THROW(some.run(comm::Communicator::world()), InputError);
}

TEST(Inspection, AFailureOfOneRankIsEveryones) {
  Case some;
  some.failing = 123;
  try {
    some.run(comm::Communicator::world());
    FAIL() << "a broken record passed";
  } catch (InputError const& error) {
    EXPECT_NE(std::string(error.what()).find("record 123 is broken"), std::string::npos) << error.what();
    EXPECT_TRUE(dynamic_cast<comm::Agreed const*>(&error) || comm::Communicator::world().size() == 1);
  }
}

TEST(Inspection, AllMeasuresAgreeWithOneRank) {
  Case some;
  some.config.measures = {"pearson", "spearman", "mean-difference", "mutual-information", "auc", "jaccard:top=0.05"};
  some.config.threads = 2;
  Result const spread = some.run(comm::Communicator::world());
  Result const serial = some.run(comm::Communicator());
  ASSERT_EQ(spread.measures.size(), 6U);
  for (std::size_t m = 0; m < spread.measures.size(); ++m) {
    for (std::size_t i = 0; i < spread.measures[m].scores.value.size(); ++i) {
      std::size_t const j = i + static_cast<std::size_t>(spread.tile.first * some.hypotheses);
      double const a = spread.measures[m].scores.value[i], b = serial.measures[m].scores.value[j];
      EXPECT_EQ(std::isnan(a), std::isnan(b));
      if (!std::isnan(a)) {
        EXPECT_NEAR(a, b, 1e-9) << spread.measures[m].name << ' ' << i;
      }
    }
  }
}

TEST(Inspection, ProbesAgreeWithOneRank) {
  Case some;
  some.config.measures = {"logistic:penalty=l2,lambda=0.01", "logistic:penalty=l1,lambda=0.01", "ridge:lambda=0.1"};
  some.config.order.hold_out = true;
  for (std::size_t const memory : {std::size_t{1} << 30, std::size_t{40000}}) {  // rows kept, rows streamed
    some.config.memory = memory;
    Result const spread = some.run(comm::Communicator::world());
    Result const serial = some.run(comm::Communicator());
    ASSERT_EQ(spread.probes.size(), 6U);  // for two models each
    for (std::size_t p = 0; p < spread.probes.size(); ++p) {
      ProbeScores const &a = spread.probes[p].scores, &b = serial.probes[p].scores;
      ASSERT_EQ(a.coefficient.size(), b.coefficient.size());
      for (std::size_t i = 0; i < a.coefficient.size(); ++i) {
        if (!std::isnan(b.coefficient[i])) {
          EXPECT_NEAR(a.coefficient[i], b.coefficient[i], 1e-6);
        }
      }
      for (std::size_t h = 0; h < a.score.size(); ++h) {
        if (!std::isnan(b.score[h])) {
          EXPECT_NEAR(a.score[h], b.score[h], 1e-6);
        }
      }
    }
  }
}

}  // namespace
}  // namespace sonde::inspect::test
