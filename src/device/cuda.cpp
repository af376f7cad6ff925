// Devices by the CUDA runtime, which is linked statically and looks for the driver when it is first called: the program
// starts on a machine that has none.
#include <cuda_runtime.h>

#include <array>
#include <cstdio>
#include <cstring>

#include "base/check.hpp"
#include "device/device.hpp"

namespace sonde::device {
namespace {

constexpr int oldest_major = 8;  // what kernels are compiled for: sm_80 and newer

struct Found {
  std::vector<Info> infos;
  std::vector<int> ordinals;  // in the driver's count
  std::string problem;        // when there are none
};

std::string uuid_text(cudaUUID_t const& uuid) {
  std::string text = "GPU";
  for (std::size_t i = 0; i < sizeof uuid.bytes; ++i) {
    if (i == 0 || i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    std::array<char, 3> digits{};
    std::snprintf(digits.data(), digits.size(), "%02x", static_cast<unsigned char>(uuid.bytes[i]));
    text += digits.data();
  }
  return text;
}

std::string address_text(cudaDeviceProp const& properties) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04x:%02x:%02x", static_cast<unsigned>(properties.pciDomainID),
                static_cast<unsigned>(properties.pciBusID), static_cast<unsigned>(properties.pciDeviceID));
  return text.data();
}

std::string driver_problem(cudaError_t error) {
  int version = 0;
  if (cudaDriverGetVersion(&version) == cudaSuccess && version == 0)
    return "no driver: libcuda.so.1 was not found on this machine";
  std::string text = std::string("the CUDA runtime says ") + cudaGetErrorName(error) + ": " + cudaGetErrorString(error);
  if (error == cudaErrorInsufficientDriver) {
    text = "the driver is for CUDA " + std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10) +
           ", this sonde for " + std::to_string(CUDART_VERSION / 1000) + "." +
           std::to_string(CUDART_VERSION % 1000 / 10);
  }
  return text;
}

Found find() {
  Found found;
  int count = 0;
  cudaError_t const error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess) {
    static_cast<void>(cudaGetLastError());  // it is not to be met again by the next check
    found.problem = driver_problem(error);
    return found;
  }
  found.problem = "no device is visible to the driver";
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp properties{};
    if (cudaGetDeviceProperties(&properties, i) != cudaSuccess) {
      found.problem = "device " + std::to_string(i) + " does not answer: " + cudaGetErrorString(cudaGetLastError());
      continue;
    }
    if (properties.major < oldest_major) {
      found.problem = std::string(properties.name) + " has compute capability " + std::to_string(properties.major) +
                      "." + std::to_string(properties.minor) + ", and 8.0 is the least";
      continue;
    }
    found.infos.push_back({properties.name, uuid_text(properties.uuid), address_text(properties),
                           properties.totalGlobalMem, properties.major, properties.minor});
    found.ordinals.push_back(i);
  }
  return found;
}

Found const& found() {
  static Found const result = find();
  return result;
}

int& chosen_index() {
  static int index = 0;
  return index;
}

std::size_t index() { return static_cast<std::size_t>(chosen_index()) % found().infos.size(); }
int ordinal() { return found().ordinals[index()]; }
std::string place() { return "device " + std::to_string(ordinal()) + " (" + chosen().name + ")"; }

void check(cudaError_t error, char const* call) {
  if (error == cudaSuccess) return;
  static_cast<void>(cudaGetLastError());
  SONDE_FAIL_AS(Error, place() << ": " << call << " failed (" << cudaGetErrorName(error) << ": "
                               << cudaGetErrorString(error) << "). Look at the device with nvidia-smi.");
}

/// Why the chosen device cannot be used; making contact creates its context.
std::string contact_problem() {
  if (found().infos.empty()) return found().problem;
  cudaError_t error = cudaSetDevice(ordinal());
  if (error == cudaSuccess) error = cudaFree(nullptr);
  if (error == cudaSuccess) return "";
  static_cast<void>(cudaGetLastError());
  return place() + " cannot be used: " + cudaGetErrorName(error) + ": " + cudaGetErrorString(error);
}

class DeviceMemory final : public Memory {
 public:
  void* allocate(std::size_t bytes) override {
    make_current();
    void* pointer = nullptr;
    cudaError_t const error = cudaMalloc(&pointer, bytes);
    if (error == cudaErrorMemoryAllocation) {
      static_cast<void>(cudaGetLastError());
      std::size_t free = 0, total = 0;
      check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
      throw OutOfMemory(place(), bytes, free, total);
    }
    check(error, "cudaMalloc");
    // Queues do not wait for the stream that clears.
    check(cudaMemsetAsync(pointer, 0, bytes, cudaStreamPerThread), "cudaMemsetAsync");
    check(cudaStreamSynchronize(cudaStreamPerThread), "clearing memory");
    return pointer;
  }
  void release(void* pointer) noexcept override { cudaFree(pointer); }  // waits for what still runs
  void write(void* to, void const* host, std::size_t bytes) override {
    make_current();
    check(cudaMemcpyAsync(to, host, bytes, cudaMemcpyHostToDevice, cudaStreamPerThread), "cudaMemcpyAsync");
    check(cudaStreamSynchronize(cudaStreamPerThread), "writing memory");
  }
};

class PinnedMemory final : public Memory {
 public:
  void* allocate(std::size_t bytes) override {
    make_current();
    void* pointer = nullptr;
    check(cudaHostAlloc(&pointer, bytes, cudaHostAllocPortable), "cudaHostAlloc");
    return std::memset(pointer, 0, bytes);
  }
  void release(void* pointer) noexcept override { cudaFreeHost(pointer); }
  void write(void* to, void const* host, std::size_t bytes) override { std::memcpy(to, host, bytes); }
};

}  // namespace

bool built_in() { return true; }

std::vector<Info> const& devices() { return found().infos; }

std::string const& why_none() {
  static std::string const problem = contact_problem();
  return problem;
}

void choose(int local_rank) { chosen_index() = local_rank; }
Info const& chosen() { return found().infos.at(index()); }

void make_current() {
  thread_local bool current = false;
  if (current) return;
  if (found().infos.empty()) throw Error("a device was asked for (" + found().problem + "). Choose --backend cpu.");
  check(cudaSetDevice(ordinal()), "cudaSetDevice");
  current = true;
}

Memory& memory() {
  static auto* const instance = new DeviceMemory;  // outlives every buffer, those in static objects too
  return *instance;
}

void read(void* host, void const* from, std::size_t bytes) {
  make_current();
  check(cudaMemcpyAsync(host, from, bytes, cudaMemcpyDeviceToHost, cudaStreamPerThread), "cudaMemcpyAsync");
  check(cudaStreamSynchronize(cudaStreamPerThread), "reading memory");
}

Memory& pinned_memory() {
  static auto* const instance = new PinnedMemory;
  return usable() ? static_cast<Memory&>(*instance) : host_memory();
}

std::size_t free_memory() {
  if (!usable()) return 0;
  make_current();
  std::size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  return free;
}

}  // namespace sonde::device
