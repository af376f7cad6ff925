// Blocks spread over ranks and threads, a round at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "comm/communicator.hpp"
#include "inspect/run_control.hpp"

namespace sonde::inspect {

class BlockRounds {
 public:
  BlockRounds(comm::Communicator const& comm, int threads, RunControl& control)
      : comm_(comm), threads_(threads), control_(control) {}

  /// Calls work(worker, block) for this rank's share of the blocks, which is the same whatever the rounds. `work` may
  /// give a block up, without a trace, and return false when the run is to stop. Returns the blocks that no rank has
  /// done, ascending; none unless the run is to stop. A failure of any rank is everyone's. Collective.
  std::vector<std::int64_t> run(std::vector<std::int64_t> const& blocks,
                                std::function<bool(int, std::int64_t)> const& work);

  /// So many blocks make a round of about a second, by what earlier ones took. No result may depend on it.
  std::int64_t size() const { return each_ * threads_ * comm_.size(); }

 private:
  comm::Communicator const& comm_;
  int threads_;
  RunControl& control_;
  std::int64_t each_ = 1;  // blocks of a worker
};

}  // namespace sonde::inspect
