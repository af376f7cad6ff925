// The subcommands: one file each.
#pragma once

#include <string>
#include <vector>

#include "comm/communicator.hpp"

namespace sonde::app {

/// Exit statuses (README, "Exit status").
enum ExitStatus : int { exit_done = 0, exit_failure = 1, exit_bad_input = 2, exit_stopped = 3 };

/// A subcommand: its words after the name, the ranks of the run. Set-up errors are agreed by all ranks and thrown as
/// InputError; returns an exit status.
using CommandFunction = int (*)(std::vector<std::string> const& words, comm::Communicator const& comm);

int run_describe(std::vector<std::string> const& words, comm::Communicator const& comm);
int run_extract(std::vector<std::string> const& words, comm::Communicator const& comm);
int run_coverage(std::vector<std::string> const& words, comm::Communicator const& comm);
int run_generate(std::vector<std::string> const& words, comm::Communicator const& comm);
int run_inspect(std::vector<std::string> const& words, comm::Communicator const& comm);
int run_verify(std::vector<std::string> const& words, comm::Communicator const& comm);

}  // namespace sonde::app
