// Owned arrays in the memory of the host or of a device.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

#include "device/memory.hpp"

namespace sonde {

/// Number of buffers allocated since start: a loop that must not allocate is tested by it.
inline std::atomic<std::int64_t>& buffer_allocations() {
  static std::atomic<std::int64_t> count{0};
  return count;
}

/// A fixed-size array of trivial elements, zeroed when made. Move-only. Elements may be looked at, by span() or [],
/// where the memory is the host's; data() of a device is for its ops alone.
template <class T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>, "a buffer holds plain data");

 public:
  Buffer() = default;
  /// `memory` must outlive the buffer.
  explicit Buffer(std::size_t size, device::Memory& memory = device::host_memory()) : memory_(&memory), size_(size) {
    if (size == 0) return;
    data_ = static_cast<T*>(memory.allocate(size * sizeof(T)));
    ++buffer_allocations();
  }
  /// A copy of `values` in `memory`.
  Buffer(std::span<T const> values, device::Memory& memory) : Buffer(values.size(), memory) {
    if (size_ > 0) memory.write(data_, values.data(), values.size_bytes());
  }
  ~Buffer() {
    if (data_) memory_->release(data_);
  }
  Buffer(Buffer&& other) noexcept
      : memory_(other.memory_), data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }

  T* data() { return data_; }
  T const* data() const { return data_; }
  std::size_t size() const { return size_; }
  std::span<T> span() { return {data_, size_}; }
  std::span<T const> span() const { return {data_, size_}; }
  T& operator[](std::size_t i) { return data_[i]; }
  T const& operator[](std::size_t i) const { return data_[i]; }

 private:
  device::Memory* memory_ = nullptr;
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace sonde
