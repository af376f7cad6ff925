// Collectives on device memory, and how ranks find out that they share a device.
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "comm/device_comm.hpp"
#include "device/device.hpp"
#include "tensor/buffer.hpp"

namespace sonde::comm {
namespace {

TEST(SharedDevice, IsKnownByItsUuidOrItsAddressOnTheNode) {
  auto const comm = Communicator::world();
  std::string const own = std::to_string(comm.rank());
  bool const last_joins_first = comm.rank() == comm.size() - 1;
  std::string const joined = last_joins_first ? "0" : own;
  EXPECT_FALSE(share_a_device(comm, "GPU-" + own, own));
  EXPECT_EQ(share_a_device(comm, "GPU-0", own), comm.size() > 1);
  EXPECT_EQ(share_a_device(comm, "GPU-" + joined, own), comm.size() > 1);
  EXPECT_EQ(share_a_device(comm, "GPU-" + own, joined), comm.size() > 1) << "all ranks are on one node";
}

void expect_largest(DeviceCommunicator& tested, Communicator const& comm) {
  std::vector<std::uint8_t> values(1000);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = i % static_cast<std::size_t>(comm.size() + 1) == static_cast<std::size_t>(comm.rank());
  }
  Buffer<std::uint8_t> const on_device(std::span<std::uint8_t const>(values), device::memory());
  tested.allreduce_max(const_cast<std::uint8_t*>(on_device.data()), values.size());
  device::read(values.data(), on_device.data(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(values[i], i % static_cast<std::size_t>(comm.size() + 1) != static_cast<std::size_t>(comm.size())) << i;
  }
}

TEST(DeviceCommunicator, MergesFlags) {
  auto const comm = Communicator::world();
  if (!device::usable()) {
    EXPECT_THROW(make_device_communicator(comm), Error);
    GTEST_SKIP() << "no GPU: " << device::why_none();
  }
  auto const made = make_device_communicator(comm);
  SCOPED_TRACE(made->name());
  expect_largest(*made, comm);
  expect_largest(*make_staged(comm, "for comparison"), comm);
}

}  // namespace
}  // namespace sonde::comm
