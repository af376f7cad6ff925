#include "app/checkpoint_options.hpp"

#include <cstdio>

#include "app/common_options.hpp"
#include "base/check.hpp"
#include "base/parameters.hpp"

namespace sonde::app {
namespace {

constexpr double longest = 1e9;  // seconds

}  // namespace

void add_checkpoint_options(CommandLine& line) {
  line.group("Stop and resume")
      ->add_options()("checkpoint-every", po::value<double>()->default_value(300),
                      "time between checkpoints written to OUT.part; 0: only when stopped [s]")(
          "time-limit", po::value<std::string>()->default_value("0")->value_name("SECONDS|H:MM:SS"),
          "stop after this time, with a checkpoint and exit status 3, as on SIGUSR1 and SIGTERM; 0: never")(
          "resume", po::bool_switch(),
          "go on from the newest checkpoint in OUT.part, with any number of ranks and threads; without one begin; "
          "when OUT is complete do nothing")("events", po::value<std::string>()->value_name("FILE"),
                                             "write what happens as JSON, one line an event; --resume appends");
}

CheckpointOptions checkpoint_options(CommandLine const& line) {
  CheckpointOptions options;
  options.every = line.number_in("checkpoint-every", 0, longest);
  options.time_limit = parse_duration(line.text("time-limit"), "--time-limit");
  options.resume = line.flag("resume");
  VALIDATE(!options.resume || !line.flag("overwrite"),
           "--resume and --overwrite: one goes on with an earlier run, the other removes it. Give one of them.");
  options.events = line.text("events");
  if (!options.events.empty()) check_folder("--events", options.events);
  return options;
}

std::vector<std::string> const& execution_option_names() {
  static std::vector<std::string> const names{"threads", "log-level",        "out",        "overwrite",
                                              "summary", "checkpoint-every", "time-limit", "resume",
                                              "events",  "dry-run",          "isolate",    "isolate-timeout"};
  return names;
}

double parse_duration(std::string const& text, std::string const& what) {
  double seconds = 0;
  if (text.find(':') == std::string::npos) {
    seconds = parse_number(text, what);
  } else {
    unsigned hours = 0, minutes = 0, rest = 0;
    int end = 0;
    bool const fits =
        text.find_first_not_of("0123456789:") == std::string::npos &&
        std::sscanf(text.c_str(), "%6u:%2u:%2u%n", &hours, &minutes, &rest, &end) == 3 &&  // widths: no overflow
        static_cast<std::size_t>(end) == text.size() && minutes < 60 && rest < 60;
    VALIDATE(fits, what << " '" << text << "': it is no time. Give seconds, or hours:minutes:seconds as 1:30:00.");
    seconds = 3600.0 * hours + 60.0 * minutes + rest;
  }
  VALIDATE(seconds >= 0 && seconds <= longest,
           what << " " << text << ": it is outside [0, " << longest << "] seconds. Give another, or 0 for no limit.");
  return seconds;
}

}  // namespace sonde::app
