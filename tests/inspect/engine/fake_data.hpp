// Units, hypotheses and text made of random numbers, and inspections of them.
#pragma once

#include <gtest/gtest.h>

#include <cmath>

#include "base/check.hpp"
#include "base/rng.hpp"
#include "comm/communicator.hpp"
#include "inspect/run.hpp"

namespace sonde::inspect::test {

/// A number in [0, 1) that belongs to a place.
inline double uniform(std::int64_t record, std::int64_t symbol, std::uint32_t column) {
  return draw(7, Purpose::patch,
              {0, static_cast<std::uint64_t>(record), static_cast<std::uint32_t>(symbol), column})[0] /
         4294967296.0;
}

/// 1 with a chance that belongs to the column: .5, .25, .125, ...
inline float label(std::int64_t record, std::int64_t symbol, std::int64_t column) {
  return uniform(record, symbol, static_cast<std::uint32_t>(column)) < std::pow(0.5, column + 1) ? 1.0F : 0.0F;
}

/// Noise plus a part of one hypothesis; the same within a record up to noise; unit 0 far from 0.
inline float behavior(std::int64_t record, std::int64_t symbol, std::int64_t unit, std::int64_t hypotheses) {
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
  bool read(int, std::span<std::int64_t const> records, std::function<bool()> const& give_up, float* rows) override {
    for (std::int64_t record : records) {
      if (give_up()) return false;
      for (std::int64_t symbol = 0; symbol < symbols_; ++symbol) {
        for (std::size_t unit = 0; unit < units_.size(); ++unit) {
          *rows++ = behavior(record, symbol, static_cast<std::int64_t>(unit), hypotheses_);
        }
      }
    }
    return true;
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
  std::function<std::unique_ptr<UnitSource>(Case const&)> make_units = [](Case const& some) {
    return std::make_unique<FakeUnits>(some.records, some.symbols, some.units, some.hypotheses);
  };

  Case() {
    config.measures = {"pearson"};
    config.order.block = 5;
  }

  /// Goes on from the checkpoint `from`, if there is one.
  Result run(comm::Communicator const& comm, RunHooks const& hooks = {}, std::string const& from = "") {
    FakeText const data(records, symbols);
    DataFacts const facts{records, symbols, text ? &data : nullptr, nullptr};
    std::unique_ptr<UnitSource> const source = make_units(*this);
    std::vector<std::unique_ptr<Hypothesis>> all;
    all.push_back(std::make_unique<FakeHypothesis>(hypotheses, failing));
    HypothesisSet const set(std::move(all), {"h=fake:"});
    Inspection inspection(config, *source, set, facts, comm);
    tiles = inspection.tiles();
    if (from.empty()) return inspection.run(hooks);
    StateReader const state(from);
    inspection.resume(state);
    return inspection.run(hooks);
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

}  // namespace sonde::inspect::test
