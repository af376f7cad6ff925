#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

#include "base/timer.hpp"
#include "comm/alert.hpp"
#include "comm/collectives.hpp"

namespace sonde::comm {
namespace {

constexpr double longest = 30;  // s

TEST(Alert, BringsRanksThatComputeToTheMeeting) {
  Communicator const world = Communicator::world();
  Alert alert(world);
  for (int leg = 0; leg < 20; ++leg) {
    EXPECT_FALSE(alert.raised() && world.size() == 1);
    // Every rank computes until it hears.
    Timer const timer;
    if (world.rank() == leg % world.size()) alert.raise();
    while (!alert.raised() && timer.seconds() < longest) alert.poke();
    EXPECT_TRUE(alert.raised());
    auto const lock = alert.meet([] {});
    EXPECT_EQ(allreduce(world, Reduction::sum, 1), world.size());
  }
}

TEST(Alert, IsRaisedByARankThatWaitsForTheOthers) {
  Communicator const world = Communicator::world();
  Alert alert(world);
  Timer const timer;
  bool const busy = world.rank() == world.size() - 1 && world.size() > 1;
  while (busy && !alert.raised() && timer.seconds() < longest) alert.poke();
  int times = 0;
  alert.meet([&] {
    if (world.is_root() && ++times == 5) alert.raise();
  });
  EXPECT_LT(timer.seconds(), longest);
  EXPECT_FALSE(alert.raised());
}

TEST(Alert, IsRaisedByManyThreadsAtOnce) {
  Communicator const world = Communicator::world();
  Alert alert(world);
  for (int leg = 0; leg < 10; ++leg) {
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 100; ++i) {
          alert.poke();
          if (i == 50) alert.raise();
        }
        EXPECT_TRUE(alert.raised());
      });
    }
    for (std::thread& thread : threads) thread.join();
    alert.meet([] {});
  }
}

TEST(Alert, MayBeLeftRaised) {
  Communicator const world = Communicator::world();
  for (int leg = 0; leg < 20; ++leg) {
    Alert alert(world);
    if (leg % 2 == world.rank() % 2) alert.raise();
  }
}

}  // namespace
}  // namespace sonde::comm
