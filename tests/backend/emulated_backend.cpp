#include "emulated_backend.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <stdexcept>

#include "backend/cuda/device_queue.hpp"
#include "backend/cuda/kernels/host_launch.hpp"

namespace sonde::test {
namespace {

using backend::DeviceQueue;
using backend::Product;

/// Memory that nobody may touch except between open() and close().
class GuardedMemory final : public device::Memory {
 public:
  GuardedMemory() {
    void* const base = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) throw std::bad_alloc();
    base_ = static_cast<std::byte*>(base);
  }

  void* allocate(std::size_t bytes) override {
    std::lock_guard const lock(mutex_);
    std::size_t const rounded = backend::aligned(bytes) + 256;
    auto const free = std::ranges::find_if(free_, [&](auto const& piece) { return piece.second >= rounded; });
    std::byte* place = base_ + used_;
    if (free != free_.end()) {
      place = free->first;
      if (free->second > rounded) free_.emplace(place + rounded, free->second - rounded);
      free_.erase(place);
    } else {
      if (used_ + rounded > size) throw std::bad_alloc();
      used_ += rounded;
    }
    sizes_[place] = rounded;
    change(+1);
    std::memset(place, 0, rounded);
    change(-1);
    return place;
  }
  void release(void* pointer) noexcept override {
    std::lock_guard const lock(mutex_);
    auto const piece = sizes_.extract(static_cast<std::byte*>(pointer));
    if (!piece.empty()) free_.emplace(piece.key(), piece.mapped());
    if (!sizes_.empty()) return;
    madvise(base_, used_, MADV_DONTNEED);  // opening and closing takes time by the pages in use
    free_.clear();
    used_ = 0;
  }
  void write(void* to, void const* host, std::size_t bytes) override {
    open();
    std::memcpy(to, host, bytes);
    close();
  }

  void open() {
    std::lock_guard const lock(mutex_);
    change(+1);
  }
  void close() {
    std::lock_guard const lock(mutex_);
    change(-1);
  }
  bool holds(void const* pointer) const { return pointer >= base_ && pointer < base_ + size; }

 private:
  void change(int by) {
    int const before = opened_;
    opened_ += by;
    if ((before == 0) == (opened_ == 0)) return;
    mprotect(base_, size, opened_ > 0 ? PROT_READ | PROT_WRITE : PROT_NONE);
  }

  static constexpr std::size_t size = std::size_t{1} << 36;  // reserved, not used
  std::byte* base_ = nullptr;
  std::size_t used_ = 0;
  int opened_ = 0;
  std::mutex mutex_;
  std::map<std::byte*, std::size_t> sizes_, free_;
};

GuardedMemory& guarded_memory() {
  static auto* const memory = new GuardedMemory;  // outlives every buffer
  return *memory;
}

class EmulatedQueue final : public DeviceQueue, public backend::kernels::KernelWatch {
 public:
  void copy_in(void* to, void const* host, std::size_t bytes) override { transfer(to, host, bytes, to, host); }
  void copy_out(void* host, void const* from, std::size_t bytes) override { transfer(host, from, bytes, from, host); }

  void* workspace(std::size_t bytes) override {
    if (bytes > scratch_.size()) scratch_ = Buffer<std::byte>(bytes, guarded_memory());
    if (bytes > 0) {  // whatever was there is lost
      guarded_memory().open();
      std::memset(scratch_.data(), 0xff, scratch_.size());
      guarded_memory().close();
    }
    return scratch_.data();
  }
  void copy(void* to, void const* from, std::size_t bytes) override {
    need(to, true);
    need(from, true);
    guarded_memory().open();
    std::memcpy(to, from, bytes);
    guarded_memory().close();
  }
  void clear(void* to, std::size_t bytes) override {
    need(to, true);
    guarded_memory().open();
    std::memset(to, 0, bytes);
    guarded_memory().close();
  }
  void multiply(Product const& p) override {
    for (void const* pointer :
         {static_cast<void const*>(p.a), static_cast<void const*>(p.b), static_cast<void const*>(p.c)})
      need(pointer, true);
    guarded_memory().open();
    for (std::int64_t i = 0; i < p.rows; ++i) {
      for (std::int64_t j = 0; j < p.columns; ++j) {
        double sum = 0;
        for (std::int64_t k = 0; k < p.inner; ++k)
          sum += double{p.a[i * p.stride_a + k]} * p.b[p.transposed ? j * p.stride_b + k : k * p.stride_b + j];
        float& c = p.c[i * p.stride_c + j];
        c = static_cast<float>(p.add ? c + sum : sum);
      }
    }
    guarded_memory().close();
  }

  void multiply_columns(std::int64_t rows, std::int64_t columns_a, std::int64_t columns_b, double const* a,
                        double const* b, double* c) override {
    multiply_any(rows, columns_a, columns_b, a, b, c);
  }
  void multiply_columns(std::int64_t rows, std::int64_t columns_a, std::int64_t columns_b, float const* a,
                        float const* b, float* c) override {
    multiply_any(rows, columns_a, columns_b, a, b, c);
  }

  /// Words of a body that are addresses must be the device's.
  void before(void const* body, std::size_t bytes) override {
    for (std::size_t at = 0; at + sizeof(std::uintptr_t) <= bytes; at += alignof(std::uintptr_t)) {
      std::uintptr_t word = 0;
      std::memcpy(&word, static_cast<std::byte const*>(body) + at, sizeof word);
      if (!guarded_memory().holds(reinterpret_cast<void const*>(word)) && is_mapped(word))
        throw std::logic_error("a kernel is given a pointer of the host");
    }
    guarded_memory().open();
  }
  void after() override { guarded_memory().close(); }

 private:
  template <class T>
  static void multiply_any(std::int64_t rows, std::int64_t columns_a, std::int64_t columns_b, T const* a, T const* b,
                           T* c) {
    for (void const* pointer : {a, b, static_cast<T const*>(c)}) need(pointer, true);
    guarded_memory().open();
    for (std::int64_t i = 0; i < columns_a; ++i) {
      for (std::int64_t j = 0; j < columns_b; ++j) {
        double sum = 0;
        for (std::int64_t row = 0; row < rows; ++row)
          sum += double{a[row * columns_a + i]} * double{b[row * columns_b + j]};
        c[i * columns_b + j] = static_cast<T>(sum);
      }
    }
    guarded_memory().close();
  }
  /// Numbers may look like addresses, but hardly of anything.
  static bool is_mapped(std::uintptr_t word) {
    constexpr std::uintptr_t page = 4096;
#ifdef __SANITIZE_ADDRESS__
    // The sanitizer's shadow is mapped, all 16 TiB of it: two small numbers side by side look like an address there.
    if (word >= 0x7fff8000 && word < 0x10007fff8000) return false;
#endif
    return (word >> 47) == 0 && word >= page && msync(reinterpret_cast<void*>(word / page * page), 1, MS_ASYNC) == 0;
  }
  static void need(void const* pointer, bool on_device) {
    if (guarded_memory().holds(pointer) != on_device)
      throw std::logic_error(on_device ? "a kernel or copy is given a pointer of the host"
                                       : "the host's side of a copy is the device's");
  }
  void transfer(void* to, void const* from, std::size_t bytes, void const* device, void const* host) {
    need(device, true);
    need(host, false);
    guarded_memory().open();
    std::memcpy(to, from, bytes);
    guarded_memory().close();
  }

  Buffer<std::byte> scratch_;
};

class EmulatedBackend final : public backend::DeviceBackend {
 public:
  EmulatedBackend() : DeviceBackend(guarded_memory()) {}
  std::string name() const override { return "cuda/emulated"; }
  std::unique_ptr<backend::Queue> make_queue() const override { return std::make_unique<EmulatedQueue>(); }
};

}  // namespace

std::unique_ptr<backend::Backend> make_emulated_backend() { return std::make_unique<EmulatedBackend>(); }

}  // namespace sonde::test
