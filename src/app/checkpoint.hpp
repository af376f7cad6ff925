// What checkpoints of all jobs have in common: whose they are, and whether a run has anything left to do.
#pragma once

#include <functional>
#include <string>

#include "app/checkpoint_options.hpp"
#include "app/run_identity.hpp"
#include "comm/communicator.hpp"
#include "io/datasets/dataset.hpp"
#include "io/h5.hpp"
#include "io/segments.hpp"

namespace sonde::app {

/// What is to become of files of an earlier run.
io::Existing existing(CommandLine const& line);

/// Checks that --out can be written. One that exists is for is_complete() to judge when the run is resumed. Throws
/// InputError.
void check_place(CommandLine const& line);

/// Whether an earlier run has finished what --resume is to go on with: a job that is started once more succeeds. An OUT
/// beside a checkpoint is an older result that the run is to replace. `check` throws InputError when OUT is the result
/// of another run; rank 0 calls it. Collective.
bool is_complete(CommandLine const& line, comm::Communicator const& comm,
                 std::function<void(io::H5File const&)> const& check);

/// Path of the newest segment of `out` as rank 0 sees the folder; empty: none. Collective.
std::string newest_segment_of_root(comm::Communicator const& comm, std::string const& out);

/// Throws InputError unless `path` is a checkpoint of `kind` ("sonde generate 1": command and number of its form) and
/// of the run `identity`.
void check_checkpoint(std::string const& path, std::string const& kind, RunIdentity const& identity);

/// Throws InputError, naming what differs, unless `result` is one of sonde `command` with the options `config`, these
/// models and, when not null, these data, whose facts are in `data_group`.
void check_result(io::H5File const& result, std::string const& command, std::string const& config,
                  std::vector<std::shared_ptr<nn::Network const>> const& networks, io::Dataset const* data,
                  std::string const& data_group);

/// What `read` returns; what it throws as InputError says how to go on without the checkpoint `path`.
template <class Read>
auto read_or_explain(std::string const& path, Read read) {
  try {
    return read();
  } catch (InputError const& error) {
    SONDE_FAIL_AS(InputError, "checkpoint " << path << " cannot be gone on with: " << error.what()
                                            << " Remove the file to go on from the one before it, or give --overwrite "
                                            << "to start anew.");
  }
}

}  // namespace sonde::app
