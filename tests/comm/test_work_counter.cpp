#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>

#include "base/timer.hpp"
#include "comm/collectives.hpp"
#include "comm/shared_bytes.hpp"
#include "comm/work_counter.hpp"

namespace sonde::comm {
namespace {

/// Expects that the items taken by all ranks are 0 to count-1, each once.
void expect_each_once(Communicator const& world, std::vector<std::int64_t> const& taken, std::int64_t count) {
  std::vector<std::int64_t> all = allgather<std::int64_t>(world, taken);
  std::sort(all.begin(), all.end());
  std::vector<std::int64_t> expected(static_cast<std::size_t>(count));
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(all, expected);
}

TEST(WorkCounter, HandsOutEachItemOnceInEveryRound) {
  Communicator const world = Communicator::world();
  Alert alert(world);
  WorkCounter counter(world, alert);
  for (std::int64_t const count : {100, 0, 3, 57}) {
    std::vector<std::int64_t> taken;
    for (std::int64_t item = counter.next(); item < count; item = counter.next()) {
      taken.push_back(item);
      alert.poke();
    }
    expect_each_once(world, taken, count);
    counter.reset();
  }
}

TEST(WorkCounter, ThreadsOfARankShareIt) {
  Communicator const world = Communicator::world();
  Alert alert(world);
  WorkCounter counter(world, alert);
  std::vector<std::vector<std::int64_t>> taken(3);
  std::vector<std::thread> threads;
  for (auto& mine : taken) {
    threads.emplace_back([&] {
      for (std::int64_t item = counter.next(); item < 300; item = counter.next()) {
        mine.push_back(item);
        for (int i = 0; i < 3; ++i) alert.poke();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<std::int64_t> all;
  for (auto const& mine : taken) all.insert(all.end(), mine.begin(), mine.end());
  expect_each_once(world, all, 300);
}

TEST(WorkCounter, ABusyRankZeroAnswersWhenItPokes) {
  Communicator const world = Communicator::world();
  if (world.size() == 1) GTEST_SKIP() << "nobody asks";
  Alert alert(world);
  WorkCounter counter(world, alert);
  SharedBytes flag(world.split_node(), sizeof(std::int32_t));
  std::atomic_ref<std::int32_t> served(*reinterpret_cast<std::int32_t*>(flag.bytes().data()));
  flag.publish();
  if (world.is_root()) {
    Timer const timer;
    while (served != world.size() - 1 && timer.seconds() < 30) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // as busy as an ascent iteration: outside MPI
      alert.poke();
    }
    EXPECT_EQ(served, world.size() - 1);
  } else {
    for (int i = 0; i < 10; ++i) EXPECT_GE(counter.next(), 0);
    ++served;
  }
  barrier(world);
}

TEST(WorkCounter, AllRaiseTheAlertWhileThreadsTakeItems) {
  Communicator const world = Communicator::world();
  Alert alert(world);
  WorkCounter counter(world, alert);
  std::vector<std::int64_t> taken;
  std::atomic<bool> ended{false};
  std::thread worker([&] {
    for (std::int64_t item = counter.next(); item < 500; item = counter.next()) {
      taken.push_back(item);
      alert.poke();
    }
    ended = true;
  });
  for (int leg = 0; leg < 50; ++leg) {
    alert.raise();
    auto const lock = alert.meet([] {});
    EXPECT_EQ(allreduce(world, Reduction::sum, 1), world.size());
  }
  while (!ended) alert.poke();
  worker.join();
  {
    auto const lock = alert.meet([] {});
  }
  EXPECT_FALSE(alert.raised());
  expect_each_once(world, taken, 500);
}

}  // namespace
}  // namespace sonde::comm
