// Unit values that stay with the backend of their model: the kernels of the CUDA backend, run on the host.
#include "backend/mirrored.hpp"
#include "emulated_backend.hpp"
#include "fake_data.hpp"
#include "io/models/model_file.hpp"

namespace sonde::inspect::test {
namespace {

/// How often values were asked for: on the host, and in a table.
struct Calls {
  int read = 0, fill = 0;
};

/// The values of FakeUnits in tables of a device.
class TableUnits final : public FakeUnits {
 public:
  TableUnits(Case const& some, Calls& calls)
      : FakeUnits(some.records, some.symbols, some.units, some.hypotheses), symbols_(some.symbols), calls_(calls) {
    for (int worker = 0; worker < some.config.threads; ++worker) tables_.push_back(backend_->make_unit_table());
  }
  bool read(int worker, std::span<std::int64_t const> records, std::function<bool()> const& give_up,
            float* rows) override {
    ++calls_.read;
    return FakeUnits::read(worker, records, give_up, rows);
  }
  backend::UnitTable* table(int worker) override { return tables_[static_cast<std::size_t>(worker)].get(); }
  bool fill(int worker, std::span<std::int64_t const> records, std::function<bool()> const& give_up) override {
    ++calls_.fill;
    auto const count = static_cast<std::int64_t>(records.size()) * symbols_;
    auto const width = static_cast<std::int64_t>(units().size());
    auto const queue = backend_->make_queue();
    backend::Mirrored<float> values(static_cast<std::size_t>(count * width), backend_->memory());
    if (!FakeUnits::read(worker, records, give_up, values.host().data())) return false;
    values.send(*queue);
    backend::UnitTable& table = *this->table(worker);
    table.start(count, width);
    table.put(*queue, {values.device(), count, width, 0, width, 0, 0});
    queue->wait();
    return true;
  }

 private:
  std::int64_t symbols_;
  Calls& calls_;
  std::unique_ptr<backend::Backend> backend_ = sonde::test::make_emulated_backend();
  std::vector<std::unique_ptr<backend::UnitTable>> tables_;
};

/// Scores from tables, whose number of calls goes to `calls`, are those from the host.
void expect_same(Case some, Calls& calls) {
  Result const here = some.run(comm::Communicator::world());
  some.make_units = [&](Case const& each) { return std::make_unique<TableUnits>(each, calls); };
  Result const there = some.run(comm::Communicator::world());
  EXPECT_EQ(there.rows, here.rows);
  for (std::size_t m = 0; m < here.measures.size(); ++m) {
    Scores const &a = there.measures[m].scores, &b = here.measures[m].scores;
    ASSERT_EQ(a.value.size(), b.value.size());
    for (std::size_t i = 0; i < a.value.size(); ++i) {
      ASSERT_EQ(std::isnan(a.value[i]), std::isnan(b.value[i]));
      if (std::isnan(a.value[i])) continue;
      EXPECT_NEAR(a.value[i], b.value[i], 1e-9) << here.measures[m].name << ", pair " << i;
      if (a.stderr_.empty()) continue;
      EXPECT_NEAR(a.stderr_[i], b.stderr_[i], 1e-9) << here.measures[m].name << ", pair " << i;
    }
  }
}

TEST(DeviceUnits, GiveTheSameScores) {
  Case some;
  some.config.measures = {"pearson", "mean-difference"};
  Calls calls;
  expect_same(some, calls);
  EXPECT_EQ(calls.read, 1) << "the rows for the pilot means";
  EXPECT_GT(calls.fill, 0);
}

TEST(DeviceUnits, LeavePaddingOut) {
  Case some;
  some.text = true;
  Calls calls;
  expect_same(some, calls);
  EXPECT_GT(calls.fill, 0);
}

TEST(DeviceUnits, GiveTheSameScoresToTwoWorkersAndEarlyStopping) {
  Case some;
  some.records = 4000;
  some.hypotheses = 3;
  some.config.order.block = 20;
  some.config.threads = 2;
  some.config.epsilon = 0.15;
  Calls calls;
  some.make_units = [&](Case const& each) { return std::make_unique<TableUnits>(each, calls); };
  Result const result = some.run(comm::Communicator::world());
  EXPECT_TRUE(result.stopped_early);
  some.expect_brute_force(result, 0.15);
}

/// A probe whose training rows do not fit the memory, so that it is trained by mini-batches: only the first of them, by
/// which units are standardised, comes to the host.
Case streamed(std::string const& probe) {
  Case some;
  some.records = 1200;
  some.config.measures = {"pearson", probe};
  some.config.order.hold_out = true;
  some.config.memory = std::size_t{170} << 10;
  return some;
}

void expect_same_probe(Case some, Calls& calls) {
  Result const here = some.run(comm::Communicator::world());
  some.make_units = [&](Case const& each) { return std::make_unique<TableUnits>(each, calls); };
  Result const there = some.run(comm::Communicator::world());
  ASSERT_EQ(there.probes.size(), here.probes.size());
  ASSERT_FALSE(here.probes.empty());
  auto const expect_near = [](std::vector<double> const& a, std::vector<double> const& b, double tolerance) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      ASSERT_EQ(std::isnan(a[i]), std::isnan(b[i])) << "number " << i;
      if (std::isnan(a[i])) continue;
      EXPECT_NEAR(a[i], b[i], tolerance) << "number " << i;
    }
  };
  for (std::size_t p = 0; p < here.probes.size(); ++p) {
    ProbeScores const &a = there.probes[p].scores, &b = here.probes[p].scores;
    expect_near(a.coefficient, b.coefficient, 1e-4);
    expect_near(a.intercept, b.intercept, 1e-4);
    expect_near(a.accuracy, b.accuracy, 2e-3);  // a row or two that are too near to call
    expect_near(a.score, b.score, 5e-3);
    expect_near(a.control, b.control, 2e-3);
    EXPECT_EQ(a.converged, b.converged);
    EXPECT_TRUE(std::isfinite(b.accuracy[0]));
    EXPECT_FALSE(b.converged[0]) << "rows were kept: nothing was streamed";
  }
}

TEST(DeviceUnits, TrainProbesByMiniBatches) {
  for (std::string const probe : {"logistic", "logistic:penalty=l1,lambda=1e-2", "logistic:epochs=2"}) {
    Calls calls;
    expect_same_probe(streamed(probe), calls);
    EXPECT_GT(calls.fill, 4 * calls.read) << probe;
  }
}

TEST(DeviceUnits, TrainProbesOfAllUnits) {
  Case some = streamed("logistic");
  some.config.grouping = Grouping::all;
  Calls calls;
  expect_same_probe(some, calls);
  EXPECT_GT(calls.fill, 0);
}

TEST(DeviceUnits, TestAProbeOfKeptRows) {
  Case some;
  some.config.measures = {"pearson", "logistic"};
  some.config.order.hold_out = true;
  Calls calls;
  some.make_units = [&](Case const& each) { return std::make_unique<TableUnits>(each, calls); };
  Result const there = some.run(comm::Communicator::world());
  Result const here = [&] {
    Case plain;
    plain.config = some.config;
    return plain.run(comm::Communicator::world());
  }();
  EXPECT_GT(calls.read, 0);
  EXPECT_GT(calls.fill, 0);
  EXPECT_EQ(there.probes[0].scores.accuracy, here.probes[0].scores.accuracy);
  EXPECT_EQ(there.probes[0].scores.coefficient, here.probes[0].scores.coefficient);
}

TEST(DeviceUnits, ComeToTheHostWhereSumsAreNotEnough) {
  for (std::string const measure : {"spearman", "auc", "ridge"}) {
    Case some;
    some.records = 60;
    some.config.measures = {measure};
    Calls calls;
    expect_same(some, calls);
    EXPECT_EQ(calls.fill, 0) << measure;
    EXPECT_GT(calls.read, 0) << measure;
  }
}

/// A few images of noise, one of them so bright that sums of its values overflow.
class Noise final : public io::Dataset {
 public:
  Noise(std::int64_t size, Shape shape, std::int64_t bad) : Dataset(facts(size, std::move(shape))), bad_(bad) {}

 private:
  static io::DatasetInfo facts(std::int64_t size, Shape sample) {
    io::DatasetInfo info;
    info.path = "noise";
    info.size = size;
    info.sample_shape = std::move(sample);
    info.domain = io::domain_of(io::ElementType::float32, io::InputRange{0, 3.1e38});
    return info;
  }
  void fetch(std::span<std::int64_t const> indices, float* rows) const override {
    for (std::int64_t const index : indices) {
      for (std::int64_t i = 0; i < volume(sample_shape()); ++i)
        *rows++ = index == bad_ ? 3e38F : static_cast<float>(uniform(index, i, 0));
    }
  }
  std::int64_t bad_;
};

std::unique_ptr<UnitSource> lenet_units(backend::BackendMaker const& maker, std::int64_t bad = -1) {
  auto const network =
      std::make_shared<nn::Network const>(io::read_model(SONDE_SOURCE_DIR "/inputs/fashion/lenet1.onnx"));
  ModelUnitsOptions options;
  options.units = {network->layers()[0].name, network->layers()[2].name + ":1-3"};
  options.scan.make_backend = maker;
  options.scan.batch = 4;
  io::ModelDomain const domain;
  return make_model_units({network}, std::make_shared<Noise>(11, network->input_shape(), bad), domain, options);
}

std::shared_ptr<backend::Backend const> emulated(io::ModelFile const&) { return sonde::test::make_emulated_backend(); }

/// (11, units) less means of the units, over some rows.
backend::BlockSums sums_of(std::vector<float> const& values, std::size_t units, std::vector<float> const& y) {
  backend::BlockSums sums{std::vector<double>(2 * units), {}, std::vector<double>(units)};
  for (std::size_t i = 0; i < values.size(); ++i) {
    sums.x[i % units] += double{values[i]};
    sums.xy[i % units] += double{values[i]} * double{y[i / units]};
  }
  return sums;
}

TEST(DeviceUnits, OfAModelFillTheTable) {
  auto const here = lenet_units(backend::backend_maker("reference")), there = lenet_units(emulated);
  ASSERT_EQ(here->table(0), nullptr);
  std::vector<std::int64_t> const records{10, 0, 3, 4, 5, 9, 7};  // a full batch and a part of one
  std::size_t const units = here->units().size();
  std::vector<float> values(records.size() * units), y;
  for (std::int64_t const record : records) y.push_back(static_cast<float>(record) - 4);
  auto const never = [] { return false; };
  ASSERT_TRUE(here->read(0, records, never, values.data()));
  ASSERT_TRUE(there->fill(0, records, never));
  backend::BlockSums sums;
  std::vector<double> const zeros(units);
  there->table(0)->sum(backend::UnitTerm::value, zeros, std::vector<double>{0}, y.data(), sums);
  backend::BlockSums const expected = sums_of(values, units, y);
  for (std::size_t u = 0; u < units; ++u) {
    EXPECT_NEAR(sums.x[u], expected.x[u], 1e-5) << "unit " << u;
    EXPECT_NEAR(sums.xy[u], expected.xy[u], 1e-4) << "unit " << u;
    EXPECT_NE(expected.x[u], 0) << "a dead unit tests nothing";
  }
  EXPECT_FALSE(there->fill(0, records, [] { return true; }));
}

TEST(DeviceUnits, OfAModelAreRefusedWhenTheyAreNotFinite) {
  for (auto const& maker : {backend::backend_maker("reference"), backend::BackendMaker(emulated)}) {
    auto const source = lenet_units(maker, 5);
    std::vector<std::int64_t> const records{0, 1, 2, 3, 5};
    std::vector<float> values(records.size() * source->units().size());
    auto const never = [] { return false; };
    try {
      source->table(0) ? source->fill(0, records, never) : source->read(0, records, never, values.data());
      FAIL() << "an infinity went through";
    } catch (InputError const& error) {
      std::string const text = error.what();
      EXPECT_NE(text.find("unit 0 of layer"), std::string::npos) << text;
      EXPECT_NE(text.find("is no finite number for record 5"), std::string::npos) << text;
    }
  }
}

}  // namespace
}  // namespace sonde::inspect::test
