#include "base/log.hpp"

#include <unistd.h>

#include "base/check.hpp"
#include "base/registry.hpp"

namespace sonde {
namespace {

LogLevel least_level = LogLevel::info;
int own_rank = 0;
int rank_count = 1;

}  // namespace

void configure_log(LogLevel least, int rank, int ranks) {
  least_level = least;
  own_rank = rank;
  rank_count = ranks;
}

LogLevel log_level(std::string_view name) {
  static Registry<LogLevel> const levels("log level", {{"debug", LogLevel::debug},
                                                       {"info", LogLevel::info},
                                                       {"warning", LogLevel::warning},
                                                       {"error", LogLevel::error}});
  return levels.at(name);
}

void log(LogLevel level, std::string_view message) {
  if (level < least_level) return;
  std::string line;
  if (rank_count > 1 || level == LogLevel::error) line += "[rank " + std::to_string(own_rank) + "] ";
  if (level == LogLevel::warning) line += "warning: ";
  line += message;
  line += '\n';
  // One write per message, so that lines of different ranks do not mix.
  [[maybe_unused]] auto const written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace sonde
