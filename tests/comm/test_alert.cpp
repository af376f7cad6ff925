#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

#include "comm/alert.hpp"
#include "comm/collectives.hpp"

namespace sonde::comm {
namespace {

TEST(Alert, OneRankRaisesItAndAllHear) {
  Communicator const world = Communicator::world();
  Alert alert(world);
  EXPECT_FALSE(alert.raised());
  barrier(world);
  if (world.rank() == world.size() - 1) alert.raise();
  while (!alert.raised()) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // the time limit is CTest's
  EXPECT_TRUE(alert.raised());
}

TEST(Alert, RaisedByAllAtOnceFromManyThreads) {
  Alert alert(Communicator::world());
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        alert.raised();
        if (i == 50) alert.raise();
      }
      EXPECT_TRUE(alert.raised());
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Alert, ReachesRanksThatWaitForEachOther) {
  Communicator const world = Communicator::world();
  Alert alert(world);
  // The last rank computes until it hears; the others wait for it, and the first raises the alert while it waits.
  bool const busy = world.size() > 1 && world.rank() == world.size() - 1;
  while (busy && !alert.raised()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  int calls = 0;
  alert.meet([&] {
    if (world.is_root() && ++calls == 5) alert.raise();
  });
  EXPECT_EQ(alert.raised(), world.size() > 1);
}

}  // namespace
}  // namespace sonde::comm
