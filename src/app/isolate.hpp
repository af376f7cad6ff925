// --isolate: models and data are opened first in child processes, since libhdf5 1.10 crashes on some damaged files.
#pragma once

#include <string>
#include <vector>

#include "app/command_line.hpp"
#include "comm/communicator.hpp"

namespace sonde::app {

/// --isolate, --isolate-timeout.
void add_isolate_options(po::options_description* group);

/// With --isolate: rank 0 opens every file that the models, data, labels, behaviours and hypotheses of `line` name,
/// each in a child process, and reads what may be read of it; the other ranks wait. Collective. Throws InputError
/// naming the file whose child was ended by a signal or by the time limit. What is wrong with a file otherwise is left
/// for its reader to say.
void open_isolated(CommandLine const& line, comm::Communicator const& comm);

/// First word of a child's command line.
constexpr char const* isolated_word = "open-isolated";

/// The child: opens `spec`, a file or FILE:PART; before MPI is up. Returns an exit status.
int run_isolated(std::string const& spec);

}  // namespace sonde::app
