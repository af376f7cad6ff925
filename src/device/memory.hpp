// Where arrays live: in the host's memory or in a device's.
#pragma once

#include <cstddef>
#include <string>

#include "base/check.hpp"

namespace sonde::device {

/// A device has no room: says how much was wanted, what is free and what to set.
class OutOfMemory : public Error {
 public:
  /// place: "device 0 (NVIDIA H200)"; the others in bytes.
  OutOfMemory(std::string const& place, std::size_t wanted, std::size_t free, std::size_t total);
  std::size_t wanted() const { return wanted_; }

 private:
  std::size_t wanted_;
};

/// Raw memory of one place. Thread safe.
class Memory {
 public:
  virtual ~Memory() = default;
  /// `bytes` > 0 zero bytes, aligned to 64 at least. Throws std::bad_alloc, or OutOfMemory where more can be said.
  virtual void* allocate(std::size_t bytes) = 0;
  virtual void release(void* pointer) noexcept = 0;
  /// Copies from the host; done when it returns. For what is set up once: a Queue copies in the course of work.
  virtual void write(void* to, void const* host, std::size_t bytes) = 0;
};

/// What every program can use.
Memory& host_memory();

}  // namespace sonde::device
