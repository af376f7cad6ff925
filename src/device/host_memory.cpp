#include <cstdlib>
#include <cstring>
#include <new>

#include "device/memory.hpp"

namespace sonde::device {
namespace {

class HostMemory final : public Memory {
 public:
  void* allocate(std::size_t bytes) override {
    std::size_t const rounded = (bytes + alignment - 1) / alignment * alignment;
    void* const pointer = std::aligned_alloc(alignment, rounded);
    if (!pointer) throw std::bad_alloc();
    return std::memset(pointer, 0, rounded);
  }
  void release(void* pointer) noexcept override { std::free(pointer); }
  void write(void* to, void const* host, std::size_t bytes) override { std::memcpy(to, host, bytes); }

 private:
  static constexpr std::size_t alignment = 64;
};

}  // namespace

Memory& host_memory() {
  static auto* const memory = new HostMemory;  // outlives every buffer, those in static objects too
  return *memory;
}

}  // namespace sonde::device
