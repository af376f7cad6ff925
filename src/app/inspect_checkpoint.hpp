// Checkpoints of sonde inspect in OUT.part: which run they belong to, writing, finding, removing them.
#pragma once

#include <memory>
#include <string>

#include "app/checkpoint.hpp"
#include "comm/communicator.hpp"
#include "inspect/state.hpp"
#include "io/segments.hpp"

namespace sonde::app {

class InspectCheckpoint {
 public:
  /// Makes OUT.part. Collective; throws InputError on all ranks.
  InspectCheckpoint(comm::Communicator const& comm, std::string out, io::Existing existing, RunIdentity identity);

  /// The newest checkpoint; null when there is none. Throws InputError when it is of another run. Collective.
  std::unique_ptr<inspect::StateReader> newest() const;

  /// Writes one and removes those before it. Collective.
  void write(inspect::StateWriter& state);
  /// OUT is whole: removes them all. On one rank.
  void remove_all() const;

  /// Path of the newest; empty: none.
  std::string const& path() const { return path_; }

 private:
  comm::Communicator const& comm_;
  std::string out_;
  RunIdentity identity_;
  io::SegmentWriter segments_;
  std::string path_;
};

}  // namespace sonde::app
