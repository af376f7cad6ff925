// Owned arrays, 64-byte aligned, in the memory of one space.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>
#include <type_traits>

namespace sonde {

/// Where the elements of a buffer live.
enum class Space { host, device };

/// Number of buffers allocated since start: a loop that must not allocate is tested by it.
inline std::atomic<std::int64_t>& buffer_allocations() {
  static std::atomic<std::int64_t> count{0};
  return count;
}

/// A fixed-size array of trivial elements, zeroed when made. Move-only.
template <class T, Space S = Space::host>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>, "a buffer holds plain data");
  static_assert(S == Space::host, "device buffers come with the CUDA backend");

 public:
  Buffer() = default;
  explicit Buffer(std::size_t size) : size_(size) {
    if (size == 0) return;
    std::size_t const bytes = (size * sizeof(T) + alignment - 1) / alignment * alignment;
    data_.reset(static_cast<T*>(std::aligned_alloc(alignment, bytes)));
    if (!data_) throw std::bad_alloc();
    std::uninitialized_value_construct_n(data_.get(), size);
    ++buffer_allocations();
  }

  T* data() { return data_.get(); }
  T const* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  std::span<T> span() { return {data(), size_}; }
  std::span<T const> span() const { return {data(), size_}; }
  T& operator[](std::size_t i) { return data_.get()[i]; }
  T const& operator[](std::size_t i) const { return data_.get()[i]; }

 private:
  static constexpr std::size_t alignment = 64;
  struct Free {
    void operator()(T* pointer) const { std::free(pointer); }
  };
  std::unique_ptr<T, Free> data_;
  std::size_t size_ = 0;
};

}  // namespace sonde
