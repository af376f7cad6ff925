// The accelerator a process works on. CMake picks cuda.cpp, or device_off.cpp in a build without one.
//
// A process uses one device: choose() names it once at start, before anything else is asked. Threads are told the
// device by make_current(), which whoever enqueues work or allocates calls for them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "device/memory.hpp"

namespace sonde::device {

/// What is known of a device. Two ranks with equal uuid share it; parts of one device (MIG) have one address.
struct Info {
  std::string name;          // "NVIDIA H200"
  std::string uuid;          // "GPU-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
  std::string address;       // "0000:1b:00", on the node's PCI bus
  std::size_t memory = 0;    // bytes
  int major = 0, minor = 0;  // compute capability
};

/// Whether this build knows devices at all.
bool built_in();

/// Devices of this node that sonde can use, in the driver's order. Looked for once.
std::vector<Info> const& devices();

/// Why the process has no device: "built without CUDA", "no driver: ...", ...; empty when it has one. The first call
/// makes contact with the chosen device, so that one that cannot be used is known before any work starts.
std::string const& why_none();
inline bool usable() { return why_none().empty(); }

/// The process takes device `local_rank` modulo their number; 0 when never called. Before why_none() and all below.
void choose(int local_rank);
/// The process's device. Only where usable().
Info const& chosen();

/// Calls of this thread go to the process's device from now on. Throws Error when that fails.
void make_current();

/// Memory of the process's device: zeroed, and visible to no host code. Throws OutOfMemory. Only where usable().
Memory& memory();
/// Copies from memory() to the host; done when it returns.
void read(void* host, void const* from, std::size_t bytes);
/// Memory of the host that copies to and from the device need not stage; host_memory() where there is no device.
Memory& pinned_memory();

/// Bytes that could be allocated on the process's device now; 0 without one.
std::size_t free_memory();

}  // namespace sonde::device
