// A build without device support.
#include "base/check.hpp"
#include "comm/device_comm.hpp"

namespace sonde::comm {

std::unique_ptr<DeviceCommunicator> make_device_communicator(Communicator const&) {
  throw InputError(
      "device memory cannot be shared between ranks (this sonde was built without CUDA). Choose --backend cpu.");
}

}  // namespace sonde::comm
