// When a run stops and when it writes a checkpoint: asked by one rank, agreed by all.
#pragma once

#include <functional>

#include "base/stop_request.hpp"
#include "base/timer.hpp"
#include "comm/alert.hpp"
#include "comm/communicator.hpp"

namespace sonde::inspect {

class RunControl {
 public:
  /// `asked`: why this process should stop, as stop_reason(); any thread. `every`: seconds between
  /// checkpoints; 0: none but when the run is stopped. Collective.
  RunControl(comm::Communicator const& comm, std::function<StopReason()> asked, double every)
      : comm_(comm), alert_(comm), asked_(std::move(asked)), every_(every) {}

  /// Whether some rank has been asked to stop, or has failed: what is begun may then be given up. Any thread.
  bool stopping();
  /// Tells the others that this rank has failed.
  void fail() { alert_.raise(); }
  /// Returns when all ranks have come; word of a stop is passed on meanwhile. Collective.
  void meet();

  enum class Next { go_on, checkpoint, stop };
  /// The same on every rank. Collective.
  Next next();
  /// A checkpoint has just been written, in so many seconds: the next one is so far off that they take 2 % of the time
  /// at most.
  void written(double seconds);

  /// After Next::stop, the same on every rank.
  StopReason reason() const { return reason_; }

 private:
  comm::Communicator const& comm_;
  comm::Alert alert_;
  std::function<StopReason()> asked_;
  double every_, wait_ = 0;
  Timer timer_;  // since the last checkpoint
  StopReason reason_ = StopReason::none;
};

}  // namespace sonde::inspect
