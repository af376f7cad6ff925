// Where a run stands: all that is needed to go on, beside its rows.
#pragma once

#include <vector>

#include "generate/ledger.hpp"
#include "io/h5.hpp"
#include "io/table.hpp"

namespace sonde::generate {

/// Counts over all ranks.
struct Totals {
  std::int64_t seeds = 0, already_differed = 0, generated = 0, exhausted = 0;
  std::int64_t valid = 0;  // generated findings that hold when saved
  std::int64_t sample_iterations = 0;
  double l1 = 0, l2 = 0, linf = 0;  // sums of the distances of generated findings [stored range]

  void add(Harvest const& harvest);
  void add(Totals const& more);
};

/// State at the end of a round.
struct RoundReport {
  std::uint32_t pass = 0;
  std::int64_t round = 0;             // from 0, over all passes
  Totals totals;                      // since the start of the run
  std::vector<std::int64_t> covered;  // units, per model
};

/// Rows of the micro-batches in `finished`, and of all rounds before `round`, are written or about to be.
///
/// What a micro-batch finds depends on the coverage at the start of its round alone. So a run that goes on with the
/// others ends as one that was never interrupted; that `credited` may hold what an unfinished micro-batch had covered
/// changes nothing, since it will find and cover the same again within the round.
struct RunState {
  std::int64_t round = 0;              // being worked on, over all passes
  std::vector<std::uint8_t> finished;  // 1 for each micro-batch of it that is done; empty: none is
  CoverageState coverage;              // at its start
  CoverageState credited;              // with what has been covered in it
  std::vector<RoundReport> history;    // of the rounds before
  Totals totals;                       // with the finished micro-batches
  bool complete = false;               // nothing is left to do
  bool coverage_reached = false;       // because --until-coverage is
};

/// The start of a run.
RunState fresh_state(Setup const& setup);

/// The state as columns of a segment's /state.
std::vector<io::Column> state_columns(RunState const& state);

/// The state in a segment. Throws InputError when it is not one of `setup`.
RunState read_state(io::H5File const& segment, Setup const& setup);

}  // namespace sonde::generate
