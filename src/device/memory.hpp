// Where arrays live: in the host's memory or in a device's.
#pragma once

#include <cstddef>

namespace sonde::device {

/// Raw memory of one place. Thread safe.
class Memory {
 public:
  virtual ~Memory() = default;
  /// `bytes` > 0 zero bytes, aligned to 64 at least. Throws std::bad_alloc, or OutOfMemory where more can be said.
  virtual void* allocate(std::size_t bytes) = 0;
  virtual void release(void* pointer) noexcept = 0;
};

/// What every program can use.
Memory& host_memory();

}  // namespace sonde::device
