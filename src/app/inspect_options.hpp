// The options of sonde inspect, and what they mean.
#pragma once

#include "app/command_line.hpp"
#include "inspect/run.hpp"

namespace sonde::app {

CommandLine make_inspect_line();

/// What the options say, but for the size of a block, which depends on the data. Throws InputError.
inspect::Config inspect_config(CommandLine const& line);

/// Records of a block of about --block rows; fewer when the data are small, so that there are blocks to compare.
std::int64_t block_records(CommandLine const& line, inspect::Config const& config, std::int64_t records,
                           std::int64_t symbols);

}  // namespace sonde::app
