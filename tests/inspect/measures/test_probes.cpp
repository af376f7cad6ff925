#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <thread>

#include "backend/threads.hpp"
#include "comm/collectives.hpp"
#include "harness/shared_data.hpp"
#include "inspect/probes/joint_probe.hpp"
#include "io/h5.hpp"
#include "table.hpp"

namespace sonde::inspect::test {
namespace {

constexpr char const* file_name = "golden/measures.h5";

struct Split {
  Table training, held_out;
};

/// Every fifth record is held out (modulo:5).
Split split(Table const& table) {
  Split result{{table.units, table.hypotheses, {}, {}, {}}, {table.units, table.hypotheses, {}, {}, {}}};
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    Table& to = table.record[row] % 5 == 0 ? result.held_out : result.training;
    to.record.push_back(table.record[row]);
    for (std::int64_t u = 0; u < table.units; ++u) to.unit.push_back(table.x(row, u));
    for (std::int64_t h = 0; h < table.hypotheses; ++h) to.hypothesis.push_back(table.y(row, h));
  }
  return result;
}

ProbeContext context_of(Split const& data, std::size_t memory) {
  ProbeContext context{data.training.units, data.training.hypotheses, memory, data.training.rows()};
  context.rng_seed = 5;
  return context;
}

/// Blocks are dealt over ranks; `batch` of them make a mini-batch.
ProbeScores probe(std::string const& text, Split const& data, ProbeContext const& context,
                  comm::Communicator const& comm, std::int64_t block_rows = 200, std::size_t batch = 4) {
  backend::use_one_thread();  // as the engine does: ranks share the cores
  auto const made = make_probe(text, context);
  auto const blocks = record_blocks(data.training, block_rows);
  for (int pass = 0; pass < made->passes(); ++pass) {
    for (std::size_t first = 0; first < blocks.size(); first += batch) {
      for (std::size_t i = first; i < std::min(first + batch, blocks.size()); ++i) {
        if (static_cast<int>(i % static_cast<std::size_t>(comm.size())) == comm.rank())
          made->add(data.training.block(blocks[i].first, blocks[i].count));
      }
      made->add(data.training.block(0, 0));
      made->step(comm);
    }
  }
  made->fit(comm);
  auto const held_out = record_blocks(data.held_out, block_rows);
  for (std::size_t i = 0; i < held_out.size(); ++i) {
    if (static_cast<int>(i % static_cast<std::size_t>(comm.size())) == comm.rank())
      made->test(data.held_out.block(held_out[i].first, held_out[i].count));
  }
  return made->scores(comm);
}

constexpr std::size_t plenty = std::size_t{1} << 30;

std::vector<double> logistic_golden(std::string const& name) {
  return io::H5File::open(sonde::test::shared_path(file_name).string()).read<double>("logistic/" + name);
}

/// Units of the golden coefficients: without the constant one, 18. Units 2 and 19 are the same but for rounding.
std::vector<std::int64_t> golden_units() {
  std::vector<std::int64_t> units;
  for (std::int64_t u = 0; u < 20; ++u) {
    if (u != 18) units.push_back(u);
  }
  return units;
}

TEST(GoldenLogistic, L2) {
  SONDE_NEEDS_SHARED(file_name);
  Split const data = split(golden_table());
  auto const comm = comm::Communicator::world();
  ProbeScores const found = probe("logistic:penalty=l2,lambda=1e-3", data, context_of(data, plenty), comm);
  auto const coefficient = logistic_golden("coef_l2"), intercept = logistic_golden("intercept_l2");
  auto const f1 = logistic_golden("f1"), accuracy = logistic_golden("accuracy");
  auto const majority = logistic_golden("majority_accuracy");
  auto const units = golden_units();
  for (std::size_t h = 0; h < 6; ++h) {
    EXPECT_EQ(found.converged[h], 1);
    EXPECT_LE(found.gradient_norm[h], 1e-7);
    EXPECT_NEAR(found.intercept[h], intercept[h], 1e-3);
    for (std::size_t i = 0; i < units.size(); ++i)
      EXPECT_NEAR(found.coefficient[static_cast<std::size_t>(units[i]) * 9 + h], coefficient[h * units.size() + i],
                  1e-3)
          << "unit " << units[i] << ", hypothesis " << h;
    EXPECT_EQ(found.coefficient[18 * 9 + h], 0);
    EXPECT_NEAR(found.score[h], f1[h], 0.01);
    EXPECT_NEAR(found.accuracy[h], accuracy[h], 0.002);
    EXPECT_DOUBLE_EQ(found.majority[h], majority[h]);
  }
  for (std::size_t h = 6; h < 9; ++h) {
    EXPECT_TRUE(std::isnan(found.score[h]));
    EXPECT_TRUE(std::isnan(found.coefficient[h]));
    EXPECT_EQ(found.converged[h], 0);
  }
}

TEST(GoldenLogistic, L1HasExactZeros) {
  SONDE_NEEDS_SHARED(file_name);
  Split const data = split(golden_table());
  ProbeScores const found =
      probe("logistic:penalty=l1,lambda=1e-2", data, context_of(data, plenty), comm::Communicator::world());
  auto const coefficient = logistic_golden("coef_l1"), intercept = logistic_golden("intercept_l1");
  auto const units = golden_units();
  for (std::size_t h = 0; h < 6; ++h) {
    EXPECT_EQ(found.converged[h], 1);
    EXPECT_NEAR(found.intercept[h], intercept[h], 1e-3);
    auto const at = [&](std::size_t unit) { return found.coefficient[unit * 9 + h]; };
    for (std::size_t i = 0; i < units.size(); ++i) {
      auto const unit = static_cast<std::size_t>(units[i]);
      double const wanted = coefficient[h * units.size() + i];
      if (unit == 2 || unit == 19) continue;
      EXPECT_NEAR(at(unit), wanted, 1e-3) << "unit " << unit << ", hypothesis " << h;
      if (wanted == 0) {
        EXPECT_EQ(at(unit), 0);
      }
    }
    // Only their sum is determined.
    EXPECT_NEAR(at(2) + at(19), coefficient[h * units.size() + 2] + coefficient[h * units.size() + 18], 1e-3);
  }
}

Split planted(std::int64_t records) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  Table table{6, 4, {}, {}, {}};
  for (std::int64_t row = 0; row < records * 10; ++row) {
    table.record.push_back(row / 10);
    std::vector<float> x(6);
    for (float& value : x) value = normal(random);
    x[5] = 1000 + 3 * x[5];
    table.unit.insert(table.unit.end(), x.begin(), x.end());
    table.hypothesis.insert(table.hypothesis.end(),
                            {x[0] > 0 ? 1.0F : 0.0F, x[1] - x[2] > 0.5F ? 1.0F : 0.0F, normal(random) > 1 ? 1.0F : 0.0F,
                             2 * x[3] + 0.1F * x[5] + 0.1F * normal(random)});
  }
  return split(table);
}

TEST(Logistic, StreamedIsNearlyAsGoodAsSolved) {
  Split const data = planted(3000);
  auto const comm = comm::Communicator::world();
  ProbeScores const solved = probe("logistic", data, context_of(data, plenty), comm);
  ProbeScores const streamed = probe("logistic:epochs=2", data, context_of(data, 0), comm);
  for (std::size_t h = 0; h < 3; ++h) {
    EXPECT_EQ(solved.converged[h], 1);
    EXPECT_EQ(streamed.converged[h], 0);
    EXPECT_GT(streamed.gradient_norm[h], 0);
    EXPECT_NEAR(streamed.accuracy[h], solved.accuracy[h], 0.02);
  }
  EXPECT_GT(solved.score[0], 0.98);
  EXPECT_GT(streamed.score[0], 0.98);
  EXPECT_GT(streamed.score[1], 0.95);
  EXPECT_TRUE(std::isnan(streamed.score[3]));
}

TEST(Logistic, FewLargeMiniBatchesAreEnoughForDependentUnits) {
  // 40 units that mix 12 states, as hidden units do; hypotheses at 50, 10 and 2 % of the rows.
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  std::vector<float> mixing(40 * 12);
  for (float& value : mixing) value = normal(random);
  Table table{40, 3, {}, {}, {}};
  for (std::int64_t row = 0; row < 30000; ++row) {
    std::vector<float> state(12);
    for (float& value : state) value = normal(random);
    for (std::size_t u = 0; u < 40; ++u) {
      float sum = 0.1F * normal(random);
      for (std::size_t s = 0; s < 12; ++s) sum += mixing[u * 12 + s] * state[s];
      table.unit.push_back(std::tanh(0.3F * sum));
    }
    float const noise = 0.3F * normal(random);
    table.hypothesis.insert(table.hypothesis.end(),
                            {state[0] + noise > 0 ? 1.0F : 0.0F, state[1] + state[2] + noise > 1.85F ? 1.0F : 0.0F,
                             state[3] + noise > 2.15F ? 1.0F : 0.0F});
    table.record.push_back(row / 10);
  }
  Split const data = split(table);
  auto const comm = comm::Communicator::world();
  ProbeContext kept = context_of(data, plenty), streaming = context_of(data, 0);
  kept.control = streaming.control = false;
  ProbeScores const solved = probe("logistic", data, kept, comm);
  ProbeScores const streamed = probe("logistic", data, streaming, comm, 240, 10);  // 10 steps
  for (std::size_t h = 0; h < 2; ++h) EXPECT_NEAR(streamed.score[h], solved.score[h], 0.05) << "hypothesis " << h;
  // The rare one takes more steps.
  EXPECT_GT(streamed.score[2], 0.3);
  ProbeScores const longer = probe("logistic:epochs=4", data, streaming, comm, 240, 10);
  for (std::size_t h = 0; h < 3; ++h) EXPECT_NEAR(longer.score[h], solved.score[h], 0.08) << "hypothesis " << h;
}

TEST(Logistic, StreamedL1HasExactZeros) {
  Split const data = planted(3000);
  ProbeScores const found =
      probe("logistic:penalty=l1,lambda=0.05,epochs=3", data, context_of(data, 0), comm::Communicator::world());
  EXPECT_GT(found.coefficient[0], 0.5);
  for (std::size_t u = 1; u < 6; ++u) EXPECT_EQ(found.coefficient[u * 4], 0) << "unit " << u;
}

TEST(Logistic, ControlShowsNothingLearned) {
  Split const data = planted(1000);
  ProbeScores const found = probe("logistic", data, context_of(data, plenty), comm::Communicator::world());
  // Unit 0 decides hypothesis 0, at random half of the rows; random labels cannot be told.
  EXPECT_NEAR(found.control[0], 0.5, 0.06);
  EXPECT_NEAR(found.selectivity[0], found.accuracy[0] - found.control[0], 1e-12);
  EXPECT_LT(std::fabs(found.selectivity[2]), 0.05);
  ProbeContext off = context_of(data, plenty);
  off.control = false;
  ProbeScores const without = probe("logistic", data, off, comm::Communicator::world());
  EXPECT_TRUE(std::isnan(without.control[0]));
  for (std::size_t i = 0; i < without.coefficient.size(); ++i) {
    if (!std::isnan(without.coefficient[i])) {
      EXPECT_NEAR(without.coefficient[i], found.coefficient[i], 1e-9);
    }
  }
}

TEST(Logistic, ControlLabelsFollowTheKey) {
  // Keys that repeat: a control label is a function of the symbol, which the only unit shows.
  Table table{8, 1, {}, {}, {}};
  std::mt19937 random(1);
  for (std::int64_t row = 0; row < 4000; ++row) {
    std::int64_t const symbol = static_cast<std::int64_t>(random() % 8);
    for (std::int64_t u = 0; u < 8; ++u) table.unit.push_back(u == symbol ? 1 : 0);
    table.hypothesis.push_back(random() % 2 == 0 ? 1 : 0);
    table.record.push_back(symbol);  // given as key
  }
  ProbeContext context{8, 1, plenty, table.rows()};
  context.rng_seed = 1;
  auto const made = make_probe("logistic", context);
  made->add(table.block(0, table.rows()));
  made->fit({});
  made->test(table.block(0, table.rows()));
  ProbeScores const found = made->scores({});
  EXPECT_EQ(found.control[0], 1);  // memorised
  EXPECT_LT(found.selectivity[0], -0.3);
}

TEST(Logistic, OneClassIsUndefined) {
  Split data = planted(100);
  for (Table* table : {&data.training, &data.held_out}) {
    for (std::size_t i = 1; i < table->hypothesis.size(); i += 4) table->hypothesis[i] = 0;
  }
  for (std::size_t const memory : {plenty, std::size_t{0}}) {
    ProbeScores const found = probe("logistic", data, context_of(data, memory), comm::Communicator::world());
    EXPECT_TRUE(std::isnan(found.score[1]));
    EXPECT_TRUE(std::isnan(found.coefficient[1]));
    EXPECT_FALSE(std::isnan(found.score[0]));
  }
}

TEST(Logistic, RowsWithoutAnnotationHaveNoPart) {
  Split const whole = planted(600);
  Split part = whole, half{{6, 4, {}, {}, {}}, whole.held_out};
  for (std::int64_t row = 0; row < whole.training.rows(); ++row) {
    if (whole.training.record[row] % 2 == 0) {
      part.training.hypothesis[static_cast<std::size_t>(row * 4)] = std::nanf("");
      continue;
    }
    Rows const one = whole.training.block(row, 1);
    half.training.unit.insert(half.training.unit.end(), one.unit, one.unit + 6);
    half.training.hypothesis.insert(half.training.hypothesis.end(), one.hypothesis, one.hypothesis + 4);
    half.training.record.push_back(*one.key);
  }
  auto const comm = comm::Communicator::world();
  ProbeScores const masked = probe("logistic:lambda=1e-4", part, context_of(part, plenty), comm);
  ProbeScores const alone = probe("logistic:lambda=1e-4", half, context_of(half, plenty), comm);
  // Units are standardised on other rows, and so coefficients differ; what is decided does not.
  EXPECT_NEAR(masked.accuracy[0], alone.accuracy[0], 0.002);
  EXPECT_NEAR(masked.score[0], alone.score[0], 0.002);
}

TEST(Probes, AnyNumberOfRanksGivesTheSame) {
  Split const data = planted(600);
  auto const comm = comm::Communicator::world();
  for (char const* const text : {"logistic", "logistic:penalty=l1", "ridge"}) {
    for (std::size_t const memory : {plenty, std::size_t{0}}) {
      ProbeScores const together = probe(text, data, context_of(data, memory), comm);
      ProbeScores const alone = probe(text, data, context_of(data, memory), {});
      for (std::size_t i = 0; i < alone.coefficient.size(); ++i) {
        ASSERT_EQ(std::isnan(alone.coefficient[i]), std::isnan(together.coefficient[i]));
        if (!std::isnan(alone.coefficient[i])) {
          EXPECT_NEAR(together.coefficient[i], alone.coefficient[i], 1e-6) << text;
        }
      }
      for (std::size_t h = 0; h < 4; ++h) {
        if (!std::isnan(alone.score[h])) {
          EXPECT_NEAR(together.score[h], alone.score[h], 1e-3) << text;
        }
      }
    }
  }
}

TEST(Probes, ManyThreadsMayAdd) {
  Split const data = planted(600);
  for (char const* const text : {"logistic", "ridge"}) {
    for (std::size_t const memory : {plenty, std::size_t{0}}) {
      ProbeContext context = context_of(data, memory);
      context.threads = 3;
      auto const made = make_probe(text, context);
      auto const blocks = record_blocks(data.training, 100);
      auto const run = [&](Table const& table, std::vector<comm::Block> const& all, auto const& call) {
        std::vector<std::jthread> threads;
        for (std::size_t t = 0; t < 3; ++t) {
          threads.emplace_back([&, t] {
            for (std::size_t i = t; i < all.size(); i += 3) call(table.block(all[i].first, all[i].count));
          });
        }
      };
      for (int half = 0; half < 2; ++half) {
        std::vector<comm::Block> const some(
            blocks.begin() + half * static_cast<std::ptrdiff_t>(blocks.size() / 2),
            half == 0 ? blocks.begin() + static_cast<std::ptrdiff_t>(blocks.size() / 2) : blocks.end());
        run(data.training, some, [&](Rows const& rows) { made->add(rows); });
        made->step({});
      }
      made->fit({});
      run(data.held_out, record_blocks(data.held_out, 100), [&](Rows const& rows) { made->test(rows); });
      ProbeScores const found = made->scores({});
      ProbeScores const alone = probe(text, data, context_of(data, memory), {}, 100, (blocks.size() + 1) / 2);
      for (std::size_t u = 0; u < 6; ++u) EXPECT_NEAR(found.coefficient[u * 4], alone.coefficient[u * 4], 1e-6) << text;
      EXPECT_NEAR(found.score[0], alone.score[0], 1e-3) << text;
    }
  }
}

TEST(Ridge, SolvesTheNormalEquations) {
  // One unit, standardised: w = cov(z, y) / (1 + lambda).
  Table table{1, 1, {0, 2, 4, 6}, {1, 1, 2, 4}, {0, 1, 2, 3}};
  auto const made = make_probe("ridge:lambda=0.25", {1, 1, plenty, 4});
  made->add(table.block(0, 4));
  made->fit({});
  made->test(table.block(0, 4));
  ProbeScores const found = made->scores({});
  double const sd = std::sqrt(5.0), covariance = (-3 * 1 - 1 * 1 + 1 * 2 + 3 * 4) / 4.0 / sd;
  EXPECT_NEAR(found.coefficient[0], covariance / 1.25, 1e-12);
  EXPECT_NEAR(found.intercept[0], 2, 1e-12);
  double squares = 0;
  for (int i = 0; i < 4; ++i) {
    double const z = (table.unit[static_cast<std::size_t>(i)] - 3) / sd;
    double const error = table.hypothesis[static_cast<std::size_t>(i)] - 2 - z * covariance / 1.25;
    squares += error * error;
  }
  EXPECT_NEAR(found.score[0], 1 - squares / 6, 1e-12);
  EXPECT_LT(found.gradient_norm[0], 1e-12);
}

TEST(Ridge, PredictsWhatIsLinear) {
  Split const data = planted(1000);
  ProbeScores const found = probe("ridge:lambda=1e-6", data, context_of(data, plenty), comm::Communicator::world());
  EXPECT_EQ(found.score_name, "r2");
  EXPECT_GT(found.score[3], 0.99);  // although unit 5 is far from 0
  EXPECT_NEAR(found.coefficient[3 * 4 + 3], 2, 0.1);
  EXPECT_NEAR(found.coefficient[5 * 4 + 3], 0.3, 0.05);
  EXPECT_LT(found.control[3], 0.05);
  EXPECT_LT(found.score[2], 0.05);
}

TEST(Registry, AnswersUnknownNamesWithTheKnown) {
  EXPECT_TRUE(is_probe("logistic:penalty=l1"));
  EXPECT_FALSE(is_probe("pearson"));
  EXPECT_EQ(probe_usage().size(), 2U);
  auto const message = [](std::string const& text) {
    try {
      make_probe(text, {1, 1});
    } catch (InputError const& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(message("lda").find("logistic, ridge"), std::string::npos);
  EXPECT_NE(message("logistic:penalty=l3").find("l1, l2"), std::string::npos);
  EXPECT_NE(message("ridge:lambda=-1").find("outside"), std::string::npos);
  EXPECT_NE(message("ridge:alpha=1").find("no parameter 'alpha'"), std::string::npos);
}

}  // namespace
}  // namespace sonde::inspect::test
