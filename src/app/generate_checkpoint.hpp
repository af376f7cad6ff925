// Checkpoints of sonde generate in OUT.part: writing, finding, checking and assembling them.
#pragma once

#include <string>

#include "app/checkpoint.hpp"
#include "comm/communicator.hpp"
#include "generate/results.hpp"

namespace sonde::app {

/// Where a run stands, over all the times it was started.
struct GenerateProgress {
  generate::RunState state;
  double seconds = 0, startup_seconds = 0;  // spent
};

class GenerateCheckpoint {
 public:
  /// Makes OUT.part. Collective; throws InputError on all ranks.
  GenerateCheckpoint(comm::Communicator const& comm, std::string const& out, io::Existing existing,
                     RunIdentity identity);

  /// Writes this rank's rows and where the run stands with them. Collective.
  void write(generate::Setup const& setup, generate::Harvest const& rows, generate::RunState const& state,
             double seconds, double startup_seconds);

  /// As io::SegmentWriter::assemble().
  void assemble(std::function<void(io::H5File&)> const& finish) {
    segments_.assemble(generate::result_order(), finish);
  }

  /// Path of the newest; empty: none.
  std::string const& path() const { return path_; }

 private:
  comm::Communicator const& comm_;
  std::string out_;
  RunIdentity identity_;
  io::SegmentWriter segments_;
  std::string path_;
};

/// What the newest checkpoint of `out` says; a fresh start when there is none. Throws InputError on all ranks when it
/// cannot be gone on with: it is damaged, of another run, or rows are missing. Collective.
GenerateProgress newest_checkpoint(comm::Communicator const& comm, std::string const& out, RunIdentity const& identity,
                                   generate::Setup const& setup);

/// What must be the same for a run to go on: `config` holds the options that decide the result.
RunIdentity generate_identity(std::string const& config, generate::Setup const& setup);

}  // namespace sonde::app
