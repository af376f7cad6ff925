// Options of jobs that can be stopped and resumed.
#pragma once

#include <string>
#include <vector>

#include "app/command_line.hpp"

namespace sonde::app {

struct CheckpointOptions {
  double every = 0;       // seconds between checkpoints; 0: only when stopped
  double time_limit = 0;  // seconds; 0: none
  bool resume = false;
  std::string events;  // file; empty: none
};

/// --checkpoint-every, --time-limit, --resume, --events.
void add_checkpoint_options(CommandLine& line);

/// Throws InputError for values out of range, and for --resume with --overwrite.
CheckpointOptions checkpoint_options(CommandLine const& line);

/// Options that do not decide a result: those above, ranks, threads, log and output. They are left out of its /config,
/// and may change when a run is resumed.
std::vector<std::string> const& execution_option_names();

/// Seconds of "90", "1.5" or "H:MM:SS". Throws InputError, with `what` in the message.
double parse_duration(std::string const& text, std::string const& what);

}  // namespace sonde::app
