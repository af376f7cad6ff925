// Ends a run in which foreign code does not return.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>

namespace sonde::inspect {

/// Lives as long as the process: its thread is never joined.
class Watchdog {
 public:
  Watchdog();

  /// From now on `what` ("hypothesis a.f") may take `seconds`; then every rank of the run ends with status 1, and a
  /// message that names it.
  void start(std::string what, double seconds);
  /// As start() with the same, when the next of several calls begins.
  void restart();
  void stop();

 private:
  using Clock = std::chrono::steady_clock;

  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string what_;
  double seconds_ = 0;
  Clock::time_point deadline_;
  bool watching_ = false;
};

}  // namespace sonde::inspect
