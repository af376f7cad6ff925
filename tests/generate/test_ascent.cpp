// The ascent on models small enough to follow, and its independence of everything but its micro-batch.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <thread>

#include "base/check.hpp"
#include "generate/ascent.hpp"
#include "generate/tiny.hpp"

namespace sonde::generate {
namespace {

using test::RunSetup;
using test::tiny_network;
using test::tiny_setup;
using test::TinySeeds;

Outcome run_batch(RunSetup const& setup, Ascent& ascent, std::vector<std::int64_t> seeds, Candidates const& candidates,
                  std::uint32_t pass = 0) {
  Outcome outcome;
  outcome.coverage = empty_coverage(setup);
  ascent.run(
      {pass, std::move(seeds)}, candidates, [] { return true; }, outcome);
  return outcome;
}

Outcome run_batch(RunSetup const& setup, std::vector<std::int64_t> seeds) {
  Ascent ascent(setup);
  return run_batch(setup, ascent, std::move(seeds), uncovered_units(setup, empty_coverage(setup)));
}

// Two linear models, (3 features, 2 classes), that agree on the seed (1, 0, 0): class 0.
std::vector<float> const first_kernel{1, 0, 2, 0.5F, 0, 1};
std::vector<float> const second_kernel{1, 0.25F, -1, 0, 0.5F, 2};

class ByHand : public testing::Test {
 protected:
  ByHand() {
    config_.mode = Mode::published;
    config_.target = 1;
    config_.lambda1 = 1.5;
    config_.lambda2 = 0;
    config_.repick = Repick::seed;
  }

  RunSetup setup() const {
    auto seeds = std::make_shared<TinySeeds>(Shape{3}, std::vector<float>{1, 0, 0});
    return tiny_setup(config_, {tiny_network("a", first_kernel, 2), tiny_network("b", second_kernel, 2)}, seeds);
  }

  /// seed + step * g / (root mean square of g + 1e-5)
  std::vector<float> after_one_step(std::vector<double> const& g) const {
    double squares = 0;
    for (double value : g) squares += value * value;
    double const rms = std::sqrt(squares / 3) + 1e-5;
    std::vector<float> x{1, 0, 0};
    for (std::size_t i = 0; i < 3; ++i) x[i] += static_cast<float>(*config_.step * g[i] / rms);
    return x;
  }

  void expect_first_step(std::vector<double> const& g, Candidates const& candidates) {
    RunSetup const made = setup();
    Ascent ascent(made);
    Outcome const outcome = run_batch(made, ascent, {0}, candidates);
    ASSERT_EQ(outcome.findings.size(), 1U) << "the step was chosen so that one is enough";
    Finding const& finding = outcome.findings[0];
    EXPECT_EQ(finding.iterations, 1);
    auto const expected = after_one_step(g);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(finding.input[i], expected[i], 1e-5) << i;
    EXPECT_EQ(finding.seed, (std::vector<float>{1, 0, 0}));
    EXPECT_NE(finding.labels[0], finding.labels[1]);
    EXPECT_EQ(finding.seed_label, 0);
    EXPECT_EQ(finding.target_model, 1);
    double l1 = 0;
    for (std::size_t i = 0; i < 3; ++i) l1 += std::abs(static_cast<double>(finding.input[i]) - finding.seed[i]);
    EXPECT_NEAR(finding.l1, l1, 1e-12);
  }

  Config config_;
};

// DeepXplore eq. 2: d/dx of F_a[c] - lambda1 F_b[c].
TEST_F(ByHand, ObjectiveOfTheModels) {
  config_.step = 3;
  expect_first_step({1 - 1.5 * 1, 2 - 1.5 * -1, 0 - 1.5 * 0.5}, {{{}, {}}, {{}, {}}});
}

// DeepXplore eq. 3: lambda2 times one neuron of each model is added.
TEST_F(ByHand, NeuronsAreAdded) {
  config_.step = 3;
  config_.lambda2 = 0.5;
  Candidates const neurons{{{0}, {1}}, {{0}, {0}}};  // unit 1 of a's "fc", unit 0 of b's
  expect_first_step({-0.5 + 0.5 * (0 + 1), 3.5 + 0.5 * (0.5 - 1), -0.75 + 0.5 * (1 + 0.5)}, neurons);
}

TEST_F(ByHand, DefaultStepOfThePublishedProgram) {
  EXPECT_EQ(setup().step(), 10);
  config_.step = 0.5;
  EXPECT_EQ(setup().step(), 0.5);
}

TEST_F(ByHand, ExhaustedSeedsAreRecorded) {
  config_.step = 1e-6;
  config_.max_iterations = 3;
  RunSetup const made = setup();
  Outcome const outcome = run_batch(made, {0});
  EXPECT_TRUE(outcome.findings.empty());
  ASSERT_EQ(outcome.seeds.size(), 1U);
  EXPECT_EQ(outcome.seeds[0].status, Status::exhausted);
  EXPECT_EQ(outcome.seeds[0].iterations, 3);
  EXPECT_EQ(outcome.sample_iterations, 3);
  for (auto const& state : outcome.coverage)
    EXPECT_EQ(std::accumulate(state.begin(), state.end(), 0), 0) << "credited for nothing found";
}

TEST_F(ByHand, SeedsThatDifferAreNotWorkedOn) {
  auto seeds = std::make_shared<TinySeeds>(Shape{3}, std::vector<float>{1, 0, 0, 0, 1, 0});  // b says 1 of the second
  RunSetup const made =
      tiny_setup(config_, {tiny_network("a", first_kernel, 2), tiny_network("b", second_kernel, 2)}, seeds);
  Outcome const outcome = run_batch(made, {1});
  ASSERT_EQ(outcome.findings.size(), 1U);
  EXPECT_EQ(outcome.findings[0].kind, Kind::already_differed);
  EXPECT_EQ(outcome.findings[0].target_model, -1);
  EXPECT_EQ(outcome.findings[0].input, (std::vector<float>{0, 1, 0}));
  EXPECT_EQ(outcome.findings[0].labels, (std::vector<std::int64_t>{0, 1}));
  EXPECT_EQ(outcome.findings[0].l1, 0);
  EXPECT_EQ(outcome.sample_iterations, 0);
  EXPECT_EQ(outcome.seeds[0].status, Status::already_differed);
  // a's fc gives (2, 0.5), scaled (1, 0); its softmax likewise. b's fc gives (-1, 0), scaled (0, 1).
  EXPECT_EQ(outcome.coverage[0], (std::vector<std::uint8_t>{1, 0, 1, 0}));
  EXPECT_EQ(outcome.coverage[1], (std::vector<std::uint8_t>{0, 1, 0, 1}));
}

TEST_F(ByHand, CandidatesAreTheUncoveredOrAll) {
  RunSetup const made = setup();
  CoverageState state = empty_coverage(made);
  state[0] = {1, 0, 1, 1};
  state[1] = {1, 1, 1, 1};
  Candidates const candidates = uncovered_units(made, state);
  EXPECT_EQ(candidates[0].layers, (std::vector<std::int32_t>{0}));
  EXPECT_EQ(candidates[0].units, (std::vector<std::int32_t>{1}));
  EXPECT_EQ(candidates[1].layers, (std::vector<std::int32_t>{0, 0, 1, 1}));
  EXPECT_EQ(candidates[1].units, (std::vector<std::int32_t>{0, 1, 0, 1}));
}

// --- independence ---

void expect_same(Outcome const& a, Outcome const& b) {
  ASSERT_EQ(a.findings.size(), b.findings.size());
  for (std::size_t i = 0; i < a.findings.size(); ++i) {
    Finding const& f = a.findings[i];
    Finding const& g = b.findings[i];
    EXPECT_EQ(f.seed_index, g.seed_index);
    EXPECT_EQ(f.iterations, g.iterations);
    EXPECT_EQ(f.target_model, g.target_model);
    EXPECT_EQ(f.labels, g.labels);
    EXPECT_EQ(f.confidences, g.confidences);
    EXPECT_EQ(f.input, g.input);
    EXPECT_EQ(f.l2, g.l2);
  }
  ASSERT_EQ(a.seeds.size(), b.seeds.size());
  for (std::size_t i = 0; i < a.seeds.size(); ++i) {
    EXPECT_EQ(a.seeds[i].index, b.seeds[i].index);
    EXPECT_EQ(a.seeds[i].status, b.seeds[i].status);
    EXPECT_EQ(a.seeds[i].iterations, b.seeds[i].iterations);
  }
  EXPECT_EQ(a.coverage, b.coverage);
  EXPECT_EQ(a.sample_iterations, b.sample_iterations);
}

struct Way {
  char const* backend;
  Mode mode;
  Repick repick;
};

class Independent : public testing::TestWithParam<Way> {
 protected:
  static constexpr std::int64_t features = 10, records = 96;

  Independent() {
    Config config;
    config.mode = GetParam().mode;
    config.repick = GetParam().repick;
    config.batch = 32;
    config.step = 0.15;
    config.max_iterations = 12;
    std::mt19937 random(11);
    std::uniform_real_distribution<float> uniform;
    std::vector<float> values(records * features);
    for (float& value : values) value = std::floor(uniform(random) * 256);
    auto seeds =
        std::make_shared<TinySeeds>(Shape{features}, values, io::domain_of(io::ElementType::uint8, std::nullopt));
    setup_ = std::make_unique<RunSetup>(
        config, Networks{test::random_network("a", {features}, 1), test::random_network("b", {features}, 2)}, seeds,
        io::ModelDomain{1 / 255.0}, backend::backend_maker(GetParam().backend));
    candidates_ = uncovered_units(*setup_, empty_coverage(*setup_));
    for (std::int64_t i = 0; i < 30; ++i) batch_.push_back((i * 7 + 3) % records);
  }

  std::unique_ptr<RunSetup> setup_;
  Candidates candidates_;
  std::vector<std::int64_t> batch_;
};

TEST_P(Independent, OfWhatTheWorkerDidBefore) {
  Ascent fresh(*setup_), used(*setup_);
  Outcome const expected = run_batch(*setup_, fresh, batch_, candidates_);
  EXPECT_GT(std::ranges::count(expected.findings, Kind::generated, &Finding::kind), 3)
      << "nothing found, nothing shown";
  EXPECT_GT(std::ranges::count(expected.seeds, Status::already_differed, &SeedRecord::status), 0);
  expect_same(expected, run_batch(*setup_, fresh, batch_, candidates_));
  run_batch(*setup_, used, {90, 91, 92, 93, 94}, candidates_, 1);
  expect_same(expected, run_batch(*setup_, used, batch_, candidates_));
}

/// Sorted by seed, as results are.
Outcome in_order(Outcome outcome) {
  std::ranges::sort(outcome.findings, {}, &Finding::seed_index);
  std::ranges::sort(outcome.seeds, {}, &SeedRecord::index);
  return outcome;
}

TEST_P(Independent, OfMicroBatchesBesideIts) {
  std::vector<MicroBatch> const batches{{0, batch_}, {0, {1, 2, 4, 5, 6}}, {0, {8, 9, 11, 12, 13, 15, 16, 18}}};
  Ascent ascent(*setup_);
  Outcome together, apart;
  together.coverage = apart.coverage = empty_coverage(*setup_);
  std::size_t next = 0;
  auto const feed = [&] { return next < batches.size() ? &batches[next++] : nullptr; };
  ascent.run(
      feed, candidates_, [] { return true; }, together);
  for (MicroBatch const& batch : batches)
    ascent.run(
        batch, candidates_, [] { return true; }, apart);
  EXPECT_EQ(together.seeds.size(), 43U);
  expect_same(in_order(together), in_order(apart));
}

TEST_P(Independent, AStoppedRunLeavesNothingBehind) {
  Ascent ascent(*setup_);
  Outcome stopped, again, fresh;
  stopped.coverage = again.coverage = fresh.coverage = empty_coverage(*setup_);
  int passes = 0;
  auto const stop = [&] { return ++passes < 3; };
  MicroBatch const batch{0, batch_};
  EXPECT_FALSE(ascent.run(batch, candidates_, stop, stopped));
  EXPECT_LT(stopped.seeds.size(), batch_.size());
  auto const go_on = [] { return true; };
  EXPECT_TRUE(ascent.run(batch, candidates_, go_on, again));
  EXPECT_TRUE(Ascent(*setup_).run(batch, candidates_, go_on, fresh));
  expect_same(in_order(again), in_order(fresh));
}

TEST_P(Independent, WhatIsStoredOfAFindingIsWhatItsBytesShow) {
  Ascent ascent(*setup_);
  Outcome const outcome = run_batch(*setup_, ascent, batch_, candidates_);
  Models models(*setup_, Models::Use::record);
  Recorder recorder(*setup_, models, 16);
  CoverageState coverage = empty_coverage(*setup_);
  for (Finding const& finding : outcome.findings) {
    Verdict const verdict = recorder.evaluate(finding.input)[0];
    EXPECT_TRUE(verdict.disagree);
    EXPECT_EQ(verdict.labels, finding.labels);
    EXPECT_EQ(verdict.confidences, finding.confidences);
    recorder.credit(std::vector<std::uint8_t>{1}, coverage);
  }
  EXPECT_EQ(coverage, outcome.coverage);
}

TEST_P(Independent, OfWorkersBesideIt) {
  Ascent alone(*setup_);
  Outcome const expected = run_batch(*setup_, alone, batch_, candidates_);
  std::vector<Outcome> outcomes(3);
  {
    std::vector<std::jthread> threads;
    for (Outcome& outcome : outcomes) {
      threads.emplace_back([&] {
        Ascent ascent(*setup_);
        outcome = run_batch(*setup_, ascent, batch_, candidates_);
      });
    }
  }
  for (Outcome const& outcome : outcomes) expect_same(expected, outcome);
}

TEST_P(Independent, EverySeedHasOneRecordAndEveryFindingDiffers) {
  Ascent ascent(*setup_);
  Outcome const outcome = run_batch(*setup_, ascent, batch_, candidates_);
  std::vector<std::int64_t> indices;
  for (SeedRecord const& seed : outcome.seeds) indices.push_back(seed.index);
  std::ranges::sort(indices);
  auto expected = batch_;
  std::ranges::sort(expected);
  EXPECT_EQ(indices, expected);
  for (Finding const& finding : outcome.findings) {
    EXPECT_NE(finding.labels[0], finding.labels[1]);
    EXPECT_LE(finding.iterations, 12);
    if (GetParam().mode != Mode::valid) continue;
    for (float value : finding.input) EXPECT_TRUE(value >= 0 && value <= 255 && value == std::floor(value)) << value;
  }
}

TEST_P(Independent, AnotherPassDrawsAnew) {
  Ascent ascent(*setup_);
  Outcome const first = run_batch(*setup_, ascent, batch_, candidates_),
                second = run_batch(*setup_, ascent, batch_, candidates_, 1);
  bool differs = first.findings.size() != second.findings.size();
  for (std::size_t i = 0; !differs && i < first.findings.size(); ++i)
    differs = first.findings[i].input != second.findings[i].input;
  EXPECT_TRUE(differs) << "targets and neurons are drawn by pass";
}

INSTANTIATE_TEST_SUITE_P(Ways, Independent,
                         testing::Values(Way{"auto", Mode::valid, Repick::iteration},
                                         Way{"auto", Mode::published, Repick::seed},
                                         Way{"reference", Mode::valid, Repick::seed}));

TEST(Setup, BatchIsNoLargerThanTheSeedsNeed) {
  auto const seeds = std::make_shared<TinySeeds>(Shape{1}, std::vector<float>(40, 0.5F));
  auto const model = tiny_network("a", {1, 2}, 2);
  Config config;
  config.batch = 1 << 30;
  EXPECT_EQ(tiny_setup(config, {model, model}, seeds, "reference").config().batch, 40);
  config.batch = 32;
  EXPECT_EQ(tiny_setup(config, {model, model}, seeds, "reference").config().batch, 32);
}

TEST(Setup, RefusesWhatDoesNotFit) {
  auto const seeds = std::make_shared<TinySeeds>(Shape{3}, std::vector<float>{1, 0, 0});
  auto const three = tiny_network("a", first_kernel, 2);
  Config config;
  EXPECT_NO_THROW(tiny_setup(config, {three, three}, seeds));
  EXPECT_THROW(tiny_setup(config, {three, tiny_network("b", {1, 2, 3, 4}, 2)}, seeds), InputError) << "another input";
  auto const four = std::make_shared<TinySeeds>(Shape{4}, std::vector<float>{1, 0, 0, 0});
  EXPECT_THROW(tiny_setup(config, {three, three}, four), InputError);
  EXPECT_THROW(tiny_setup(config, {three, three}, seeds, "gpu"), InputError);
  config.target = 2;
  EXPECT_THROW(tiny_setup(config, {three, three}, seeds), InputError);
}

}  // namespace
}  // namespace sonde::generate
