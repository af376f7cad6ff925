// How far a run is, for a person at a terminal and for a batch log.
#pragma once

#include <cstdint>
#include <string>

#include "base/timer.hpp"

namespace sonde::app {

/// "1 h 02 min", "3 min 20 s", "4.2 s".
std::string duration_text(double seconds);

/// On rank 0: rewrites one line on a terminal a few times a second, prints one line a minute elsewhere.
class Progress {
 public:
  /// `before` of them were done by an earlier run.
  Progress(std::int64_t total, std::string unit, bool enabled, std::int64_t before = 0);
  ~Progress();
  /// What follows the count: "312 findings, coverage 83.1 % 77.0 %".
  void note(std::string text) { note_ = std::move(text); }
  void update(std::int64_t done);
  /// Ends the line of a terminal.
  void close();

 private:
  std::int64_t total_, before_;
  std::string unit_, note_;
  bool enabled_, terminal_, open_ = false;
  Timer timer_;
  double last_ = 0;
};

}  // namespace sonde::app
