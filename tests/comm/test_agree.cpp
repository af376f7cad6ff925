#include <gtest/gtest.h>

#include "comm/agree.hpp"

namespace sonde::comm {
namespace {

/// What agree() throws for this phase: "InputError: message", "Error: message" or "".
std::string outcome(Communicator const& comm, std::function<void()> const& phase) {
  try {
    agree(comm, phase);
  } catch (InputError const& error) {
    EXPECT_TRUE(comm.size() == 1 || dynamic_cast<Agreed const*>(&error));
    return std::string("InputError: ") + error.what();
  } catch (Error const& error) {
    EXPECT_TRUE(comm.size() == 1 || dynamic_cast<Agreed const*>(&error));
    return std::string("Error: ") + error.what();
  }
  return "";
}

TEST(Agree, NothingFails) {
  EXPECT_EQ(outcome(Communicator::world(), [] {}), "");
}

TEST(Agree, AllFailAlike) {
  EXPECT_EQ(outcome(Communicator::world(), [] { throw InputError("no such file"); }), "InputError: no such file");
}

TEST(Agree, OneRankFails) {
  Communicator const world = Communicator::world();
  int const last = world.size() - 1;
  auto const failing = [&] {
    if (world.rank() == last) throw InputError("bad model");
  };
  EXPECT_EQ(outcome(world, failing),
            last == 0 ? "InputError: bad model" : "InputError: rank " + std::to_string(last) + ": bad model");
}

TEST(Agree, TheLowestRankIsHeard) {
  Communicator const world = Communicator::world();
  if (world.size() < 3) GTEST_SKIP() << "three ranks are needed";
  auto const failing = [&] {
    if (world.rank() == 1) throw std::bad_alloc();
    if (world.rank() == 2) throw InputError("bad model");
  };
  EXPECT_EQ(outcome(world, failing), "Error: rank 1: std::bad_alloc");
}

}  // namespace
}  // namespace sonde::comm
