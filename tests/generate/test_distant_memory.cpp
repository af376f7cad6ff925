// An ascent whose arrays lie in a device's memory: the same answers, to the bit.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>

#include "generate/ascent.hpp"
#include "harness/distant_backend.hpp"
#include "harness/shared_data.hpp"
#include "tiny.hpp"

namespace sonde::generate {
namespace {

struct Way {
  char const* name;
  Mode mode = Mode::valid;
  std::string constraint = "none";
  double max_linf = 0, max_l2 = 0;
};

class DistantMemory : public testing::TestWithParam<Way> {
 protected:
  /// Findings and seeds of some micro-batches, the second after coverage has grown.
  Outcome run(backend::BackendMaker const& make_backend) const {
    bool const table = GetParam().constraint == "features";
    auto const rules = test::scratch_path("rules.csv");
    std::filesystem::create_directories(rules.parent_path());
    std::ofstream(rules) << "*,any\n3,increase\n4,freeze\n5,add-only\n";
    Shape const sample = table ? Shape{16} : Shape{4, 4, 1};
    Config config;
    config.mode = GetParam().mode;
    config.constraint = table ? "features:" + rules.string() : GetParam().constraint;
    config.max_linf = GetParam().max_linf;
    config.max_l2 = GetParam().max_l2;
    config.batch = 20;
    config.step = 0.15;
    config.max_iterations = 8;
    std::mt19937 random(11);
    std::uniform_real_distribution<float> uniform;
    std::vector<float> values(40 * 16);
    for (float& value : values) value = std::floor(uniform(random) * 256);
    auto seeds = std::make_shared<test::TinySeeds>(sample, values, io::domain_of(io::ElementType::uint8, std::nullopt));
    Networks const networks{test::random_network("a", sample, 1), test::random_network("b", sample, 2),
                            test::random_network("c", sample, 3)};
    test::RunSetup const setup(config, networks, seeds, io::ModelDomain{1 / 255.0}, make_backend);
    Ascent ascent(setup);
    Outcome outcome;
    outcome.coverage = empty_coverage(setup);
    for (std::int64_t first : {0, 20}) {
      MicroBatch batch;
      for (std::int64_t i = 0; i < 20; ++i) batch.seeds.push_back(first + i);
      EXPECT_TRUE(ascent.run(
          batch, uncovered_units(setup, outcome.coverage), [] { return true; }, outcome));
    }
    std::filesystem::remove(rules);
    return outcome;
  }
};

TEST_P(DistantMemory, SameOutcome) {
  Outcome const near = run(backend::backend_maker("reference"));
  Outcome const far = run([](io::ModelFile const&) { return test::make_distant_backend(); });
  EXPECT_GT(std::ranges::count(near.findings, Kind::generated, &Finding::kind), 0) << "nothing found, nothing shown";
  ASSERT_EQ(near.findings.size(), far.findings.size());
  for (std::size_t i = 0; i < near.findings.size(); ++i) {
    EXPECT_EQ(near.findings[i].seed_index, far.findings[i].seed_index);
    EXPECT_EQ(near.findings[i].iterations, far.findings[i].iterations);
    EXPECT_EQ(near.findings[i].input, far.findings[i].input);
    EXPECT_EQ(near.findings[i].confidences, far.findings[i].confidences);
    EXPECT_EQ(near.findings[i].valid, far.findings[i].valid);
  }
  ASSERT_EQ(near.seeds.size(), 40U);
  ASSERT_EQ(far.seeds.size(), 40U);
  EXPECT_EQ(near.coverage, far.coverage);
  EXPECT_EQ(near.sample_iterations, far.sample_iterations);
}

INSTANTIATE_TEST_SUITE_P(Ways, DistantMemory,
                         testing::Values(Way{"valid"}, Way{"published", Mode::published},
                                         Way{"occlusion", Mode::valid, "occlusion:height=4,width=3"},
                                         Way{"blackout", Mode::published, "blackout:size=2"},
                                         Way{"bounded", Mode::valid, "none", 0.4, 1.2},
                                         Way{"table", Mode::valid, "features"}),
                         [](auto const& way) { return std::string(way.param.name); });

}  // namespace
}  // namespace sonde::generate
