#include "base/log.hpp"

#include <unistd.h>

#include <mutex>

#include "base/check.hpp"
#include "base/registry.hpp"

namespace sonde {
namespace {

LogLevel least_level = LogLevel::info;
int own_rank = 0;
int rank_count = 1;

std::mutex observer_mutex;
std::function<void(std::string_view)> warning_observer;

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

void observe_warnings(std::function<void(std::string_view)> observer) {
  std::lock_guard const lock(observer_mutex);
  warning_observer = std::move(observer);
}

void log(LogLevel level, std::string_view message) {
  if (level == LogLevel::warning) {
    std::unique_lock lock(observer_mutex);
    auto const observer = warning_observer;
    lock.unlock();  // it may warn in turn
    if (observer) observer(message);
  }
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
