// What happens in a run as lines of JSON, for monitoring (docs/batch.md).
#pragma once

#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

#include "base/timer.hpp"

namespace sonde::app {

/// A file of one JSON object per event, each written at once. While it lives, warnings of this process are written to
/// it, too.
///
/// A file that cannot be written (a full disk) is a warning, once, and never the end of a run.
class EventLog {
 public:
  using Fields = nlohmann::ordered_json;

  /// Writes nothing.
  EventLog() = default;
  /// Replaces the file, or appends to it. Throws InputError when it cannot be opened. One process of a run has one.
  EventLog(std::string const& path, bool append);
  ~EventLog();
  EventLog(EventLog const&) = delete;
  EventLog& operator=(EventLog const&) = delete;

  /// Writes {"event": ..., "time": ..., "elapsed_s": ..., and the fields}. Safe to call from any thread.
  void write(std::string const& event, Fields const& fields = Fields::object());

 private:
  std::mutex mutex_;
  std::string path_;
  int file_ = -1;
  Timer timer_;
};

}  // namespace sonde::app
