// Collectives on device memory: NCCL, or staged through the host when ranks share a device. CMake picks the source.
#pragma once

#include <memory>

#include "comm/communicator.hpp"

namespace sonde::comm {

/// The counterpart of Communicator for device memory. Its operations come with the CUDA backend.
class DeviceCommunicator {
 public:
  virtual ~DeviceCommunicator() = default;
};

/// One over the ranks of `comm`. Throws InputError in a build without device support.
std::unique_ptr<DeviceCommunicator> make_device_communicator(Communicator const& comm);

}  // namespace sonde::comm
