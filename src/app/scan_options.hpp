// What coverage and extract share: options, set-up and facts of a run over a data set.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/command_line.hpp"
#include "app/common_options.hpp"
#include "app/progress.hpp"
#include "comm/communicator.hpp"
#include "io/h5.hpp"
#include "nn/scan.hpp"

namespace sonde::app {

/// --batch and --dry-run.
void add_scan_options(CommandLine& line);

/// Sets --log-level; each rank says, at debug, which process it is. Throws InputError.
void apply_log_level(CommandLine const& line, comm::Communicator const& comm);

/// Makes the networks run on the data. Collective; throws InputError on all ranks. kept_nodes: of every model, see
/// RunnerOptions.
std::unique_ptr<nn::Scan> make_scan(CommandLine& line, nn::Scan::Networks networks, Data const& data,
                                    std::vector<int> const& kept_nodes, comm::Communicator const& comm);

/// Runs one block and prints what the whole run would take; returns the exit status. `disk` in bytes.
int dry_run(nn::Scan& scan, double disk, comm::Communicator const& comm);

/// Root attributes, /config and /command of a result with the schema "sonde-<command>".
void write_run_facts(io::H5File& file, std::string const& command, CommandLine const& line,
                     std::vector<std::string> const& words, nn::Scan const& scan, int ranks,
                     std::string const& created);

/// Progress of all ranks, judged by that of rank 0.
class ScanProgress {
 public:
  ScanProgress(nn::Scan const& scan, comm::Communicator const& comm);
  /// To be called with the number of this rank's records done.
  void update(std::int64_t done);
  void close() { progress_.close(); }

 private:
  std::int64_t total_, ranks_;
  Progress progress_;
};

}  // namespace sonde::app
