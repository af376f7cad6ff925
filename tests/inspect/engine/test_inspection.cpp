// The engine against brute force over all rows, and against itself on one rank.
#include <gtest/gtest.h>

#include <cmath>

#include "base/check.hpp"
#include "base/rng.hpp"
#include "comm/agree.hpp"
#include "comm/communicator.hpp"
#include "inspect/run.hpp"

namespace sonde::inspect {
namespace {

/// A number in [0, 1) that belongs to a place.
double uniform(std::int64_t record, std::int64_t symbol, std::uint32_t column) {
  return draw(7, Purpose::patch,
              {0, static_cast<std::uint64_t>(record), static_cast<std::uint32_t>(symbol), column})[0] /
         4294967296.0;
}

/// 1 with a chance that belongs to the column: .5, .25, .125, ...
float label(std::int64_t record, std::int64_t symbol, std::int64_t column) {
  return uniform(record, symbol, static_cast<std::uint32_t>(column)) < std::pow(0.5, column + 1) ? 1.0F : 0.0F;
}

/// Noise plus a part of one hypothesis; the same within a record up to noise; unit 0 far from 0.
float behavior(std::int64_t record, std::int64_t symbol, std::int64_t unit, std::int64_t hypotheses) {
  double const noise = uniform(record, symbol, static_cast<std::uint32_t>(100 + unit));
  double const shared = uniform(record, 0, static_cast<std::uint32_t>(200 + unit));
  double const part = 0.1 * static_cast<double>(unit) * label(record, symbol, unit % hypotheses);
  return static_cast<float>(noise + 0.3 * shared + part + (unit == 0 ? 1000 : 0));
}

class FakeUnits : public UnitSource {
 public:
  FakeUnits(std::int64_t records, std::int64_t symbols, std::int64_t units, std::int64_t hypotheses)
      : records_(records), symbols_(symbols), hypotheses_(hypotheses) {
    for (std::int64_t unit = 0; unit < units; ++unit) units_.push_back({unit < units / 2 ? 0 : 1, "layer", unit});
  }
  std::int64_t records() const override { return records_; }
  void read(int, std::span<std::int64_t const> records, float* rows) override {
    for (std::int64_t record : records) {
      for (std::int64_t symbol = 0; symbol < symbols_; ++symbol) {
        for (std::size_t unit = 0; unit < units_.size(); ++unit) {
          *rows++ = behavior(record, symbol, static_cast<std::int64_t>(unit), hypotheses_);
        }
      }
    }
  }
  std::size_t bytes() const override { return 0; }
  std::string origin() const override { return "fake"; }

 private:
  std::int64_t records_, symbols_, hypotheses_;
};

class FakeHypothesis : public Hypothesis {
 public:
  FakeHypothesis(std::int64_t columns, std::int64_t failing) : failing_(failing) {
    for (std::int64_t h = 0; h < columns; ++h) names_.push_back("h" + std::to_string(h));
  }
  std::vector<std::string> const& columns() const override { return names_; }
  void evaluate(RecordBlock const& block, float* values, std::int64_t stride) const override {
    for (std::int64_t record : block.records) {
      VALIDATE(record != failing_, "record " << record << " is broken");
      for (std::int64_t symbol = 0; symbol < block.facts.symbols; ++symbol, values += stride) {
        for (std::size_t h = 0; h < names_.size(); ++h) values[h] = label(record, symbol, static_cast<std::int64_t>(h));
      }
    }
  }
  std::string fingerprint() const override { return "fake"; }

 private:
  std::vector<std::string> names_;
  std::int64_t failing_;
};

/// Records of which the first symbols are padding, more of them the later the record.
class FakeText : public io::TextDataset {
 public:
  FakeText(std::int64_t records, std::int64_t symbols) : TextDataset({"text", "", records, {symbols}, {}, {}, {}}) {}
  std::int64_t ids() const override { return 1; }
  io::RecordText record(std::int64_t index) const override {
    io::RecordText text;
    text.first.assign(static_cast<std::size_t>(symbols()) + 1, 0);
    text.text = std::string(static_cast<std::size_t>(symbols() - padding(index)), 'a');
    for (std::int64_t s = padding(index); s < symbols(); ++s) {
      text.first[static_cast<std::size_t>(s) + 1] = text.first[static_cast<std::size_t>(s)] + 1;
    }
    return text;
  }
  void weights(std::int64_t index, std::uint8_t* weights) const override {
    for (std::int64_t s = 0; s < symbols(); ++s) weights[s] = s < padding(index) ? 0 : 1;
  }
  static std::int64_t padding(std::int64_t record) { return record % 3; }

 private:
  void fetch(std::span<std::int64_t const>, float*) const override {}
};

struct Case {
  std::int64_t records = 300, symbols = 4, units = 7, hypotheses = 5, failing = -1;
  bool text = false;
  Config config;

  Case() {
    config.measures = {"pearson"};
    config.order.block = 5;
  }

  Result run(comm::Communicator const& comm) {
    FakeText const data(records, symbols);
    DataFacts const facts{records, symbols, text ? &data : nullptr, nullptr};
    FakeUnits source(records, symbols, units, hypotheses);
    std::vector<std::unique_ptr<Hypothesis>> all;
    all.push_back(std::make_unique<FakeHypothesis>(hypotheses, failing));
    HypothesisSet const set(std::move(all), {"h=fake:"});
    Inspection inspection(config, source, set, facts, comm);
    tiles = inspection.tiles();
    return inspection.run({});
  }

  /// Two passes over all rows in double.
  double pearson(std::int64_t unit, std::int64_t hypothesis) const {
    double n = 0, mx = 0, my = 0;
    auto const each = [&](auto act) {
      for (std::int64_t r = 0; r < records; ++r) {
        for (std::int64_t s = text ? FakeText::padding(r) : 0; s < symbols; ++s) {
          act(static_cast<double>(behavior(r, s, unit, hypotheses)), static_cast<double>(label(r, s, hypothesis)));
        }
      }
    };
    each([&](double x, double y) {
      n += 1;
      mx += x;
      my += y;
    });
    mx /= n;
    my /= n;
    double xx = 0, yy = 0, xy = 0;
    each([&](double x, double y) {
      xx += (x - mx) * (x - mx);
      yy += (y - my) * (y - my);
      xy += (x - mx) * (y - my);
    });
    return xy / std::sqrt(xx * yy);
  }

  void expect_brute_force(Result const& result, double tolerance) const {
    for (std::int64_t unit = 0; unit < result.tile.count; ++unit) {
      for (std::int64_t h = 0; h < hypotheses; ++h) {
        double const value = result.measures[0].scores.value[static_cast<std::size_t>(unit * hypotheses + h)];
        double const expected = pearson(result.tile.first + unit, h);
        EXPECT_EQ(std::isnan(value), std::isnan(expected));
        if (std::isnan(expected)) continue;  // a rare hypothesis that is never 1
        EXPECT_NEAR(value, expected, tolerance) << "unit " << unit << " hypothesis " << h;
      }
    }
  }

  std::int64_t tiles = 0;
};

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
}  // namespace sonde::inspect
