// The options of sonde generate that decide its result; verify reads them back from a result.
#pragma once

#include "app/command_line.hpp"
#include "generate/config.hpp"

namespace sonde::app {

/// The whole command line of generate.
CommandLine make_generate_line();

/// Throws InputError for values out of range.
generate::Config generate_config(CommandLine const& line);

}  // namespace sonde::app
