// Collectives on device memory by way of the host and MPI: for ranks that share a device, which NCCL refuses.
#include <vector>

#include "comm/collectives.hpp"
#include "comm/device_comm.hpp"
#include "device/device.hpp"

namespace sonde::comm {
namespace {

class Staged final : public DeviceCommunicator {
 public:
  Staged(Communicator const& comm, std::string why) : comm_(comm.duplicate()), why_(std::move(why)) {}

  std::string name() const override { return "through the host (" + why_ + ")"; }
  void allreduce_max(std::uint8_t* values, std::size_t count) override {
    host_.resize(count);
    device::read(host_.data(), values, count);
    allreduce(comm_, Reduction::max, std::span(host_));
    device::memory().write(values, host_.data(), count);
  }

 private:
  Communicator comm_;
  std::string why_;
  std::vector<std::uint8_t> host_;
};

}  // namespace

std::unique_ptr<DeviceCommunicator> make_staged(Communicator const& comm, std::string const& why) {
  return std::make_unique<Staged>(comm, why);
}

}  // namespace sonde::comm
