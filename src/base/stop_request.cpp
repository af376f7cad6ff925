#include "base/stop_request.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>

namespace sonde {
namespace {

using Clock = std::chrono::steady_clock;

std::atomic<int> stop_signal{0};
std::atomic<Clock::rep> deadline{0};  // 0: none
static_assert(std::atomic<int>::is_always_lock_free, "it is set by a signal handler");

extern "C" void remember(int number) { stop_signal = number; }

}  // namespace

void watch_stop_signals() {
  struct sigaction action {};
  action.sa_handler = remember;
  action.sa_flags = SA_RESTART;  // system calls go on: nobody looks for EINTR
  sigemptyset(&action.sa_mask);
  sigaction(SIGUSR1, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

void set_time_limit(double seconds) {
  if (seconds <= 0) return;
  auto const wait = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  deadline = (Clock::now() + wait).time_since_epoch().count();
}

StopReason stop_reason() {
  int const number = stop_signal;
  if (number != 0) return number == SIGTERM ? StopReason::sigterm : StopReason::sigusr1;
  Clock::rep const limit = deadline;
  bool const passed = limit != 0 && Clock::now().time_since_epoch().count() >= limit;
  return passed ? StopReason::time_limit : StopReason::none;
}

char const* to_string(StopReason reason) {
  constexpr std::array names{"", "SIGUSR1", "SIGTERM", "--time-limit"};
  return names.at(static_cast<std::size_t>(reason));
}

}  // namespace sonde
