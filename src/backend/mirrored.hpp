// An array that the host and a backend take turns with.
#pragma once

#include "backend/queue.hpp"
#include "device/device.hpp"
#include "tensor/buffer.hpp"

namespace sonde::backend {

/// The host writes host() and sends it, or ops write device() and the host fetches it. One array where the backend's
/// memory is the host's: sending and fetching cost nothing then.
template <class T>
class Mirrored {
 public:
  Mirrored() = default;
  Mirrored(std::size_t size, device::Memory& memory) {
    bool const distant = &memory != &device::host_memory();
    host_ = Buffer<T>(size, distant ? device::pinned_memory() : memory);
    if (distant) device_ = Buffer<T>(size, memory);
  }

  std::size_t size() const { return host_.size(); }
  std::span<T> host() { return host_.span(); }
  std::span<T const> host() const { return host_.span(); }
  T& operator[](std::size_t i) { return host_[i]; }
  T const& operator[](std::size_t i) const { return host_[i]; }
  /// For ops of the backend.
  T* device() { return device_.size() > 0 ? device_.data() : host_.data(); }
  T const* device() const { return device_.size() > 0 ? device_.data() : host_.data(); }

  /// The first `count` elements, host -> device; the host may write again after Queue::wait().
  void send(Queue& queue, std::size_t count) {
    if (device_.size() > 0) queue.copy_in(device_.data(), host_.data(), count * sizeof(T));
  }
  void send(Queue& queue) { send(queue, size()); }
  /// The first `count` elements, device -> host; there when it returns.
  void fetch(Queue& queue, std::size_t count) {
    if (device_.size() == 0) return;
    queue.copy_out(host_.data(), device_.data(), count * sizeof(T));
    queue.wait();
  }
  void fetch(Queue& queue) { fetch(queue, size()); }

 private:
  Buffer<T> host_, device_;
};

}  // namespace sonde::backend
