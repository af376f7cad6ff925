// The order matters: a signal that was received is remembered for the rest of the process.
#include "base/stop_request.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <string>
#include <thread>

namespace sonde {
namespace {

TEST(StopRequest, NobodyAsks) {
  watch_stop_signals();
  set_time_limit(0);
  EXPECT_EQ(stop_reason(), StopReason::none);
}

TEST(StopRequest, TheTimeLimit) {
  set_time_limit(0.05);
  EXPECT_EQ(stop_reason(), StopReason::none);
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  EXPECT_EQ(std::string(to_string(stop_reason())), "--time-limit");
}

TEST(StopRequest, SignalsAreRemembered) {
  std::raise(SIGUSR1);
  EXPECT_EQ(std::string(to_string(stop_reason())), "SIGUSR1");
  std::raise(SIGUSR1);
  std::raise(SIGTERM);
  EXPECT_EQ(std::string(to_string(stop_reason())), "SIGTERM");
}

}  // namespace
}  // namespace sonde
