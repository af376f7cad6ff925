// The whole job: rounds of micro-batches over ranks and threads, coverage merged between rounds.
#pragma once

#include <functional>

#include "base/timer.hpp"
#include "comm/communicator.hpp"
#include "generate/schedule.hpp"

namespace sonde::generate {

/// Counts over all ranks.
struct Totals {
  std::int64_t seeds = 0, already_differed = 0, generated = 0, exhausted = 0;
  std::int64_t valid = 0;  // generated findings that hold when saved
  std::int64_t sample_iterations = 0;
};

/// State at the end of a round.
struct RoundReport {
  std::uint32_t pass = 0;
  std::int64_t round = 0;             // from 0, over all passes
  Totals totals;                      // since the start of the run
  std::vector<std::int64_t> covered;  // units, per model
};

/// Who is told. All are called on every rank unless said otherwise.
struct RunEvents {
  /// This rank's new rows after each round; takes them over. Collective calls are allowed.
  std::function<void(Outcome&, RoundReport const&)> round_done;
  /// On rank 0, at most a few times a second: seeds of this run handed out so far.
  std::function<void(std::int64_t)> progress;
};

struct RunResult {
  CoverageState coverage;
  std::vector<RoundReport> history;
  bool coverage_reached = false;
  std::size_t buffer_bytes = 0;  // activations and gradients of this rank's workers
};

/// Collective. `threads` workers run on each rank.
RunResult run(Setup const& setup, comm::Communicator const& comm, int threads, RunEvents const& events);

}  // namespace sonde::generate
