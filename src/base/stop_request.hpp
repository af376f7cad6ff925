// A run that is asked to stop: by a signal (a batch system's notice, a person) or by its time limit.
#pragma once

#include <cstdint>

namespace sonde {

/// Numbers that ranks can reduce by their maximum.
enum class StopReason : std::int32_t { none, sigusr1, sigterm, time_limit };

/// "SIGUSR1", "SIGTERM", "--time-limit"; empty for none.
char const* to_string(StopReason reason);

/// From now on SIGUSR1 and SIGTERM do not end the process but are remembered; a signal that comes again changes
/// nothing. Called once, before threads are started.
void watch_stop_signals();

/// Asks for a stop `seconds` after the call, by a clock that nobody sets back; 0 or less: never.
void set_time_limit(double seconds);

/// Why this process should stop. Cheap, for any thread. What a run does about it is agreed by all its ranks: only some
/// of them may have been told.
StopReason stop_reason();

}  // namespace sonde
