// All ranks of a run compute by the same backends.
#include <gtest/gtest.h>

#include "app/common_options.hpp"
#include "base/check.hpp"

namespace sonde::app {
namespace {

TEST(SameBackends, PassWhenTheyAre) {
  EXPECT_NO_THROW(check_same_backends({"cpu/lanes", "cpu/onednn"}, comm::Communicator::world()));
}

TEST(SameBackends, ARankThatHasAnotherEndsTheRunOnAll) {
  auto const world = comm::Communicator::world();
  if (world.size() == 1) GTEST_SKIP() << "two ranks are needed";
  bool const last = world.rank() == world.size() - 1;
  try {
    check_same_backends({"cpu/lanes", last ? "reference" : "cpu/lanes"}, world);
    FAIL() << "the last rank has another backend";
  } catch (InputError const& error) {
    std::string const start = "rank " + std::to_string(world.size() - 1) + ": --backend: this rank computes by ";
    EXPECT_TRUE(
        std::string(error.what()).starts_with(start + "cpu/lanes, reference but rank 0 by cpu/lanes, cpu/lanes"))
        << error.what();
  }
}

}  // namespace
}  // namespace sonde::app
