// Collectives on device memory: NCCL, or staged through the host when ranks share a device. CMake picks the sources.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "comm/communicator.hpp"

namespace sonde::comm {

/// The counterpart of Communicator for arrays in device::memory(). An error, or a rank that does not come, ends the
/// run with a message that names this rank.
class DeviceCommunicator {
 public:
  virtual ~DeviceCommunicator() = default;
  /// "NCCL", or "through the host" and why.
  virtual std::string name() const = 0;
  /// values[i] on every rank = the largest values[i] of the ranks; done when it returns. Equal counts on all ranks.
  virtual void allreduce_max(std::uint8_t* values, std::size_t count) = 0;
};

/// One over the ranks of `comm`, each with its device::chosen(). Collective. Throws InputError in a build without
/// device support, Error where no device can be used.
std::unique_ptr<DeviceCommunicator> make_device_communicator(Communicator const& comm);

/// Whether two of the ranks have one device, by its UUID, or parts of one (MIG), by its address on the node: NCCL
/// refuses both. Collective.
bool share_a_device(Communicator const& comm, std::string const& uuid, std::string const& address);

/// The one that goes through the host, with the reason for its name.
std::unique_ptr<DeviceCommunicator> make_staged(Communicator const& comm, std::string const& why);

}  // namespace sonde::comm
