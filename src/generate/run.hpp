// The whole job: rounds of micro-batches over ranks and threads, coverage merged between rounds.
#pragma once

#include <functional>

#include "base/stop_request.hpp"
#include "comm/communicator.hpp"
#include "generate/run_state.hpp"

namespace sonde::generate {

struct RunOptions {
  int threads = 1;              // workers on each rank
  double checkpoint_every = 0;  // seconds; 0: when it stops, or memory asks for it
};

/// Who is told. Called by the main thread of every rank unless said otherwise.
struct RunEvents {
  /// Collective calls are allowed. This rank's new rows, to be kept, and the state they belong to.
  std::function<void(Harvest&, RunState const&)> checkpoint;
  /// A round is at its end, before a checkpoint of it.
  std::function<void(RoundReport const&)> round_done;
  /// On rank 0, many times a second: seeds of this run handed out so far.
  std::function<void(std::int64_t)> progress;
  /// After the checkpoint of a run that was asked to stop, when a worker of some rank is within a pass that lasts:
  /// nothing it uses may be destroyed, so this has to end the process, or else the run waits. Collective calls are
  /// allowed.
  std::function<void(StopReason, RunState const&)> leave;
};

struct RunResult {
  RunState state;
  StopReason stopped = StopReason::none;  // none: it is complete
};

/// Goes on from `state`. It stops early, after a checkpoint, when stop_reason() says so on any rank; the last
/// checkpoint of a run that ends is of the complete state. Collective.
RunResult run(Setup const& setup, comm::Communicator const& comm, RunOptions const& options, RunEvents const& events,
              RunState state);

}  // namespace sonde::generate
