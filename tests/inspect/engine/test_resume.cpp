// Runs that are stopped and gone on with, on other numbers of ranks and threads, against runs that never were.
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "comm/collectives.hpp"
#include "fake_data.hpp"
#include "io/segments.hpp"

namespace sonde::inspect::test {
namespace {

/// A folder of all ranks that is removed at the end.
class Folder {
 public:
  Folder() {
    std::string name =
        (std::filesystem::temp_directory_path() / ("sonde-resume-" + std::to_string(::getpid()))).string();
    comm::broadcast(world, name);
    path = name;
    if (world.is_root()) std::filesystem::create_directories(path);
    comm::barrier(world);
  }
  ~Folder() {
    comm::barrier(world);
    std::error_code ignored;
    if (world.is_root()) std::filesystem::remove_all(path, ignored);
  }

  comm::Communicator const world = comm::Communicator::world();
  std::filesystem::path path;
};

/// Stops after it has been asked `polls` times on the last rank.
RunHooks stopping_hooks(comm::Communicator const& comm, std::string const& out, std::int64_t polls) {
  RunHooks hooks;
  auto const left = std::make_shared<std::atomic<std::int64_t>>(polls);
  bool const last = comm.rank() == comm.size() - 1;
  hooks.stop = [left, last] { return last && --*left < 0 ? StopReason::sigterm : StopReason::none; };
  hooks.save = [&comm, out](StateWriter& state) {
    io::SegmentWriter(comm, out, io::Existing::resume).write(state.tables(), state.state());
  };
  return hooks;
}

/// Stops again and again, by turns on all ranks and on one alone, with two threads and with one. Returns the result of
/// the last run, which is on all ranks, and the number of stops.
std::pair<Result, int> run_in_pieces(Case some, std::int64_t polls) {
  Folder const folder;
  std::string const out = (folder.path / "out.h5").string();
  for (int stops = 0;; ++stops) {
    bool const alone = stops % 2 == 1;
    some.config.threads = stops % 3 == 0 ? 2 : 1;
    std::string const from = stops > 0 ? io::newest_segment(out).value() : "";
    comm::barrier(folder.world);
    comm::Communicator const comm = alone ? comm::Communicator() : folder.world;
    std::int64_t const fewer = alone ? polls : 2 * polls / (folder.world.size() + 1);  // they share the work
    bool stopped = true;
    if (!alone || folder.world.is_root()) {
      Result result = some.run(comm, stopping_hooks(comm, out, fewer), from);
      stopped = result.stopped_by != StopReason::none;
      EXPECT_EQ(result.stopped_by, stopped ? StopReason::sigterm : StopReason::none);
      if (!stopped && !alone) return {std::move(result), stops};
    }
    // Finished alone: from the same checkpoint once more, together.
    if (comm::allreduce(folder.world, comm::Reduction::min, std::int32_t{stopped}) == 0) {
      return {some.run(folder.world, {}, from), stops};
    }
    if (stops > 1000) {
      ADD_FAILURE() << "it does not get on";
      return {some.run(folder.world), stops};
    }
  }
}

void expect_near(std::vector<double> const& a, std::vector<double> const& b, double tolerance,
                 std::string const& what) {
  ASSERT_EQ(a.size(), b.size()) << what;
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(std::isnan(a[i]), std::isnan(b[i])) << what << ' ' << i;
    if (std::isnan(a[i]) || std::isnan(b[i])) continue;
    EXPECT_NEAR(a[i], b[i], tolerance) << what << ' ' << i;
  }
}

/// Compares with a run on all ranks that is never stopped.
void expect_the_same(Case some, std::int64_t polls) {
  auto const [pieces, stops] = run_in_pieces(some, polls);
  EXPECT_GE(stops, 2);
  Result const whole = some.run(comm::Communicator::world());
  EXPECT_EQ(pieces.rows, whole.rows);
  EXPECT_EQ(pieces.records, whole.records);
  EXPECT_EQ(pieces.stopped_early, whole.stopped_early);
  EXPECT_EQ(pieces.rank_error, whole.rank_error);
  EXPECT_EQ(pieces.columns.annotated, whole.columns.annotated);
  EXPECT_EQ(pieces.columns.support, whole.columns.support);
  EXPECT_EQ(pieces.columns.least, whole.columns.least);
  EXPECT_EQ(pieces.columns.largest, whole.columns.largest);
  ASSERT_EQ(pieces.measures.size(), whole.measures.size());
  for (std::size_t m = 0; m < whole.measures.size(); ++m) {
    MeasureResult const &a = pieces.measures[m], &b = whole.measures[m];
    expect_near(a.scores.value, b.scores.value, 1e-9, b.name);
    expect_near(a.scores.stderr_, b.scores.stderr_, 1e-9, b.name + " stderr");
    expect_near(a.scores.p_value, b.scores.p_value, 1e-9, b.name + " p_value");
    ASSERT_EQ(a.scores.parts.size(), b.scores.parts.size());
    for (std::size_t p = 0; p < b.scores.parts.size(); ++p) {
      EXPECT_EQ(a.scores.parts[p].name, b.scores.parts[p].name);
      EXPECT_EQ(a.scores.parts[p].description, b.scores.parts[p].description);
      expect_near(a.scores.parts[p].values, b.scores.parts[p].values, 1e-7, b.name + ' ' + b.scores.parts[p].name);
    }
    EXPECT_EQ(a.rows, b.rows);
    EXPECT_EQ(a.converged, b.converged);
  }
  ASSERT_EQ(pieces.probes.size(), whole.probes.size());
  for (std::size_t p = 0; p < whole.probes.size(); ++p) {
    ProbeScores const &a = pieces.probes[p].scores, &b = whole.probes[p].scores;
    std::string const& name = whole.probes[p].definition;
    expect_near(a.coefficient, b.coefficient, 1e-6, name);
    expect_near(a.intercept, b.intercept, 1e-6, name + " intercept");
    expect_near(a.score, b.score, 1e-6, name + " score");
    expect_near(a.selectivity, b.selectivity, 1e-6, name + " selectivity");
    EXPECT_EQ(a.converged, b.converged) << name;
  }
}

Case all_measures() {
  Case some;
  some.config.measures = {"pearson", "spearman", "mean-difference", "mutual-information", "auc", "jaccard:top=0.05"};
  return some;
}

TEST(Resume, MeasuresInTwoPasses) { expect_the_same(all_measures(), 110); }

TEST(Resume, MeasuresOfBinnedRanks) {
  Case some = all_measures();
  some.config.memory = 200000;
  expect_the_same(some, 130);
}

TEST(Resume, HypothesesInTurns) {
  Case some;
  some.units = 60;
  some.hypotheses = 20;
  some.config.order.block = 1;
  some.config.memory = 120000;
  some.config.measures = {"pearson", "auc", "ridge"};
  some.config.order.hold_out = true;
  expect_the_same(some, 1400);
}

TEST(Resume, EarlyStopping) {
  Case some;
  some.records = 30000;
  some.hypotheses = 3;
  some.config.order.block = 50;
  some.config.epsilon = 0.06;
  some.config.measures = {"pearson", "mean-difference"};
  expect_the_same(some, 250);
}

TEST(Resume, EarlyStoppingWithProbes) {
  Case some;
  some.records = 6000;
  some.hypotheses = 3;
  some.config.order.block = 20;
  some.config.epsilon = 0.2;
  some.config.measures = {"mean-difference", "ridge:lambda=0.1"};
  some.config.order.hold_out = true;
  expect_the_same(some, 100);
}

TEST(Resume, ProbesThatKeepTheirRows) {
  Case some;
  some.config.measures = {"logistic:penalty=l2,lambda=0.01", "logistic:penalty=l1,lambda=0.01", "ridge:lambda=0.1"};
  some.config.order.hold_out = true;
  expect_the_same(some, 260);
}

TEST(Resume, ProbesThatStreamTheirRows) {
  Case some;
  some.config.measures = {"logistic:penalty=l2,lambda=0.01,epochs=3", "logistic:penalty=l1,lambda=0.01,epochs=2",
                          "ridge"};
  some.config.order.hold_out = true;
  some.config.memory = 40000;
  expect_the_same(some, 170);
}

TEST(Resume, TextAndPadding) {
  Case some;
  some.text = true;
  some.config.measures = {"pearson", "logistic"};
  some.config.order.hold_out = true;
  expect_the_same(some, 180);
}

/// Of a run that is stopped before its end.
std::string checkpoint_of(Case some, std::string const& out, std::int64_t polls) {
  Result const result = some.run({}, stopping_hooks({}, out, polls));
  EXPECT_EQ(result.stopped_by, StopReason::sigterm);
  return io::newest_segment(out).value_or("");
}

void expect_refused(Case some, std::string const& from) {
  try {
    some.run({}, {}, from);
    FAIL() << "it was accepted";
  } catch (InputError const& error) {
    EXPECT_NE(std::string(error.what()).find(from), std::string::npos) << error.what();
  }
}

TEST(Resume, RefusesACheckpointOfAnotherRun) {
  Folder const folder;
  if (!folder.world.is_root()) return;
  std::string const from = checkpoint_of(all_measures(), (folder.path / "out.h5").string(), 400);
  Case more_units = all_measures(), more_columns = all_measures(), fewer_records = all_measures(),
       other = all_measures();
  ++more_units.units;
  ++more_columns.hypotheses;
  fewer_records.records = 100;
  other.config.measures = {"spearman", "logistic"};
  for (Case const& some : {more_units, more_columns, fewer_records, other}) expect_refused(some, from);
}

TEST(Resume, RefusesATruncatedCheckpoint) {
  Folder const folder;
  if (!folder.world.is_root()) return;
  std::string const from = checkpoint_of(all_measures(), (folder.path / "out.h5").string(), 400);
  auto const size = std::filesystem::file_size(from);
  for (auto const left : {size - 1, size / 2, std::uintmax_t{100}, std::uintmax_t{0}}) {
    std::filesystem::resize_file(from, left);
    expect_refused(all_measures(), from);
  }
}

TEST(Resume, RefusesPlacesThatDoNotExist) {
  Folder const folder;
  if (!folder.world.is_root()) return;
  std::string const whole = checkpoint_of(all_measures(), (folder.path / "out.h5").string(), 400);
  io::H5File const file = io::H5File::open(whole);
  for (std::string const name : {"position", "left", "active", "stage", "turn", "step", "looks"}) {
    std::string const damaged = (folder.path / "damaged.h5").string();
    // The same arrays, one of them with a number that is too large.
    comm::Communicator const alone;
    StateWriter state(alone);
    for (std::string const& column : file.children("state")) {
      if (!file.is_dataset("state/" + column)) continue;
      if (file.dataset("state/" + column).type() != io::ElementType::int64) continue;
      auto values = file.read<std::int64_t>("state/" + column);
      if (column == name) values = {std::int64_t{1} << 61};
      state.whole(column, values);
    }
    io::SegmentWriter(alone, damaged, io::Existing::overwrite).write(state.tables(), state.state());
    expect_refused(all_measures(), io::newest_segment(damaged).value());
  }
}

}  // namespace
}  // namespace sonde::inspect::test
