// Messages to standard error.
#pragma once

#include <functional>
#include <sstream>
#include <string>
#include <string_view>

namespace sonde {

enum class LogLevel { debug, info, warning, error };

/// Sets what is printed and the rank put before messages; called once at start.
void configure_log(LogLevel least, int rank, int ranks);

/// Level of a name (debug, info, warning, error); throws InputError for another.
LogLevel log_level(std::string_view name);

/// Prints "[rank r] message" as one write when `level` is enabled. A single-rank run leaves the rank out of
/// information and warnings. Safe to call from any thread.
void log(LogLevel level, std::string_view message);

/// Also calls `observer` with every warning, whether it is printed or not, in the thread that warns; null ends it.
void observe_warnings(std::function<void(std::string_view)> observer);

}  // namespace sonde

#define SONDE_LOG(level, message)                            \
  do {                                                       \
    std::ostringstream sonde_log;                            \
    sonde_log << message; /* NOLINT */                       \
    ::sonde::log(::sonde::LogLevel::level, sonde_log.str()); \
  } while (false)
