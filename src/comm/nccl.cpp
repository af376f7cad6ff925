// Collectives on device memory by NCCL. Its calls do not block here: a rank that is gone, or a link that fails, must
// end the run with a message, and never leave it waiting.
#include <nccl.h>

#include <chrono>
#include <exception>
#include <string>
#include <thread>

#include "base/timer.hpp"
#include "comm/collectives.hpp"
#include "comm/device_comm.hpp"
#include "comm/mpi_session.hpp"
#include "device/device.hpp"

namespace sonde::comm {
namespace {

/// Ranks arrive at a merge within a micro-batch of each other; one that is an hour late is not coming.
constexpr double longest_wait = 3600;

class Nccl final : public DeviceCommunicator {
 public:
  explicit Nccl(Communicator const& comm) : rank_(comm.rank()) {
    device::make_current();
    ncclUniqueId id{};
    if (comm.is_root()) check(ncclGetUniqueId(&id), "ncclGetUniqueId");
    broadcast(comm, std::span<char>(id.internal));
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;
    check(ncclCommInitRankConfig(&handle_, comm.size(), id, rank_, &config), "ncclCommInitRankConfig");
    wait("ncclCommInitRankConfig", [] { return true; });
    if (cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking) != cudaSuccess)
      fail("no stream", "cudaStreamCreate");
  }

  ~Nccl() override {
    // Freeing waits for the other ranks of the node, which know nothing of an error that unwinds this one.
    if (std::uncaught_exceptions() > exceptions_at_birth_) return;
    ncclCommDestroy(handle_);
    cudaStreamDestroy(stream_);
  }
  Nccl(Nccl const&) = delete;
  Nccl& operator=(Nccl const&) = delete;

  std::string name() const override { return "NCCL"; }

  void allreduce_max(std::uint8_t* values, std::size_t count) override {
    device::make_current();
    check(ncclAllReduce(values, values, count, ncclUint8, ncclMax, handle_, stream_), "ncclAllReduce");
    wait("ncclAllReduce", [this] {
      cudaError_t const state = cudaStreamQuery(stream_);
      if (state == cudaSuccess) return true;
      static_cast<void>(cudaGetLastError());  // "not ready" is not to be met again by the next check
      if (state != cudaErrorNotReady) fail(cudaGetErrorString(state), "ncclAllReduce");
      return false;
    });
  }

 private:
  void check(ncclResult_t result, char const* call) {
    if (result != ncclSuccess && result != ncclInProgress) fail(ncclGetErrorString(result), call);
  }

  /// Until NCCL has taken in the call and `done`.
  template <class Done>
  void wait(char const* call, Done done) {
    Timer timer;
    while (true) {
      ncclResult_t state = ncclSuccess;
      check(ncclCommGetAsyncError(handle_, &state), call);
      check(state, call);
      if (state == ncclSuccess && done()) return;
      if (timer.seconds() > longest_wait) fail("the other ranks did not come within an hour", call);
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
  }

  [[noreturn]] void fail(std::string const& why, char const* call) {
    // The end of the run frees the communicator: ncclCommAbort would wait for the other ranks of the node.
    std::string const more = handle_ ? ncclGetLastError(handle_) : "";
    std::string const message = "[rank " + std::to_string(rank_) + "] " + call + " failed (" + why +
                                (more.empty() ? "" : "; " + more) +
                                "). Look at the device with nvidia-smi, and set NCCL_DEBUG=INFO to see more.";
    abort_run(1, message.c_str());
  }

  int rank_;
  int exceptions_at_birth_ = std::uncaught_exceptions();
  ncclComm_t handle_ = nullptr;
  cudaStream_t stream_ = nullptr;
};

}  // namespace

std::unique_ptr<DeviceCommunicator> make_device_communicator(Communicator const& comm) {
  device::make_current();
  if (comm.size() == 1) return make_staged(comm, "one rank");
  if (share_a_device(comm, device::chosen().uuid, device::chosen().address))
    return make_staged(comm, "ranks share a device");
  return std::make_unique<Nccl>(comm);
}

}  // namespace sonde::comm
