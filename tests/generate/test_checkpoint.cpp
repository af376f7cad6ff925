// What a checkpoint holds: whole micro-batches, and a state that reads back.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/check.hpp"
#include "generate/run.hpp"
#include "harness/shared_data.hpp"
#include "io/segments.hpp"
#include "tiny.hpp"

namespace sonde::generate {
namespace {

Finding finding_of(std::int64_t seed) {
  Finding finding;
  finding.seed_index = seed;
  finding.input = {static_cast<float>(seed)};
  return finding;
}

TEST(Ledger, GivesOutWholeMicroBatches) {
  Ledger ledger;
  Outcome outcome;
  ledger.hold(4, {0, {10, 11}});
  ledger.hold(7, {0, {20, 21}});
  outcome.seeds = {{0, 10}, {0, 20}};
  outcome.findings = {finding_of(20)};
  EXPECT_TRUE(ledger.collect(outcome, 1).empty());

  outcome.seeds.push_back({0, 21});
  EXPECT_TRUE(ledger.collect(outcome, 0).empty()) << "a finding of it is not settled";
  Harvest harvest = ledger.collect(outcome, 1);
  EXPECT_EQ(harvest.items, std::vector<std::int64_t>{7});
  ASSERT_EQ(harvest.seeds.size(), 2u);
  EXPECT_EQ(harvest.seeds[0].index + harvest.seeds[1].index, 41);
  ASSERT_EQ(harvest.findings.size(), 1u);
  EXPECT_EQ(harvest.findings[0].input, std::vector<float>{20});
  EXPECT_TRUE(ledger.collect(outcome, 1).empty()) << "given out twice";

  outcome.findings.push_back(finding_of(11));
  outcome.seeds.push_back({0, 11});
  harvest = ledger.collect(outcome, 2);
  EXPECT_EQ(harvest.items, std::vector<std::int64_t>{4});
  EXPECT_EQ(harvest.findings.at(0).seed_index, 11);
}

class Checkpoint : public testing::Test {
 protected:
  Checkpoint()
      : setup_(test::tiny_setup(config(), {test::random_network("a", {4}, 1), test::random_network("b", {4}, 2)},
                                std::make_shared<test::TinySeeds>(Shape{4}, std::vector<float>(40, 0.5F), domain()))) {
    auto const name = std::string("checkpoint-") + testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::path const folder = test::scratch_path(name);
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    out_ = (folder / "out.h5").string();
  }

  static Config config() {
    Config config;
    config.batch = 2;
    config.first_round = config.round = 8;
    return config;
  }
  static io::StoredDomain domain() { return {io::ElementType::float32, false, true, 0, 1, 0}; }

  /// The state as it comes back from a segment.
  RunState stored(RunState const& state) {
    write(state_columns(state));
    return read_state(io::H5File::open(*io::newest_segment(out_)), setup_);
  }
  void write(std::vector<io::Column> const& columns) {
    io::SegmentWriter(comm_, out_, io::Existing::overwrite).write({}, columns);
  }

  comm::Communicator comm_;  // serial
  test::RunSetup setup_;
  std::string out_;
};

RunState some_state(Setup const& setup) {
  RunState state = fresh_state(setup);
  state.round = 1;
  state.finished = {1, 0, 1, 0};
  state.coverage[0][3] = state.credited[0][3] = state.credited[1].back() = 1;
  state.history.push_back({0, 0, {8, 1, 2, 5, 2, 99, 1.5, 2.5, 3.5}, {1, 0}});
  state.totals = {12, 2, 3, 7, 3, 140, 4, 5, 6};
  return state;
}

TEST_F(Checkpoint, StateReadsBack) {
  RunState const state = some_state(setup_);
  RunState const again = stored(state);
  EXPECT_EQ(again.round, 1);
  EXPECT_EQ(again.finished, state.finished);
  EXPECT_EQ(again.coverage, state.coverage);
  EXPECT_EQ(again.credited, state.credited);
  EXPECT_EQ(again.totals.seeds, 12);
  EXPECT_EQ(again.totals.sample_iterations, 140);
  EXPECT_EQ(again.totals.linf, 6);
  EXPECT_FALSE(again.complete);
  ASSERT_EQ(again.history.size(), 1u);
  EXPECT_EQ(again.history[0].totals.exhausted, 5);
  EXPECT_EQ(again.history[0].covered, (std::vector<std::int64_t>{1, 0}));
  EXPECT_EQ(stored(fresh_state(setup_)).finished.size(), 0u);
}

TEST_F(Checkpoint, StatesOfOtherRunsAreRefused) {
  RunState state = some_state(setup_);
  state.history.clear();
  EXPECT_THROW(stored(state), InputError);
  state = some_state(setup_);
  state.finished[0] = 2;
  EXPECT_THROW(stored(state), InputError);
  state = some_state(setup_);
  state.coverage[0].push_back(0);
  EXPECT_THROW(stored(state), InputError);
  for (std::size_t missing = 0; missing < state_columns(state).size(); ++missing) {
    std::vector<io::Column> columns = state_columns(some_state(setup_));
    columns.erase(columns.begin() + static_cast<std::ptrdiff_t>(missing));
    write(columns);
    EXPECT_THROW(read_state(io::H5File::open(*io::newest_segment(out_)), setup_), InputError) << missing;
  }
}

/// What a run hands over, in the order of pass and seed.
struct Rows {
  std::map<std::int64_t, int> iterations;  // by seed
  std::map<std::int64_t, std::vector<float>> inputs;
  std::vector<RunState> states;

  void add(Harvest const& harvest) {
    for (SeedRecord const& seed : harvest.seeds)
      EXPECT_TRUE(iterations.emplace(seed.index, seed.iterations).second) << "seed " << seed.index << " done twice";
    for (Finding const& finding : harvest.findings) inputs[finding.seed_index] = finding.input;
  }
};

TEST_F(Checkpoint, EveryStateCanBeGoneOnWith) {
  Rows whole;
  RunEvents events;
  std::vector<Rows> before;  // at each checkpoint
  events.checkpoint = [&](Harvest const& rows, RunState const& state) {
    whole.add(rows);
    whole.states.push_back(state);
    before.push_back(whole);
  };
  RunResult const result = run(setup_, comm_, {2, 1e-6}, events, fresh_state(setup_));
  ASSERT_TRUE(result.state.complete);
  EXPECT_EQ(result.stopped, StopReason::none);
  EXPECT_EQ(whole.iterations.size(), 10u);
  for (std::size_t i = 0; i < before.size(); ++i) {
    Rows rows = before[i];
    RunEvents again;
    again.checkpoint = [&](Harvest const& more, RunState const&) { rows.add(more); };
    RunResult const resumed = run(setup_, comm_, {1, 0}, again, before[i].states.back());
    EXPECT_EQ(rows.iterations, whole.iterations);
    EXPECT_EQ(rows.inputs, whole.inputs);
    EXPECT_EQ(resumed.state.coverage, result.state.coverage);
    EXPECT_EQ(resumed.state.history.size(), result.state.history.size());
    EXPECT_EQ(resumed.state.totals.sample_iterations, result.state.totals.sample_iterations);
  }
}

TEST_F(Checkpoint, AStateOfAnotherRoundIsRefused) {
  RunState state = fresh_state(setup_);
  state.finished = {1, 0};  // the round has four micro-batches
  EXPECT_THROW(run(setup_, comm_, {1, 0}, {}, state), InputError);
}

}  // namespace
}  // namespace sonde::generate
