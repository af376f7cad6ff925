// What the ops of one oneDNN backend share: the engine, packed weights, and how much scratch memory an op needs at
// most.
#pragma once

#include <atomic>
#include <cstddef>
#include <dnnl.hpp>
#include <memory>
#include <mutex>
#include <vector>

#include "backend/queue.hpp"
#include "io/models/ops.hpp"
#include "tensor/buffer.hpp"

namespace sonde::backend::onednn {

using Desc = dnnl::memory::desc;
using Dims = dnnl::memory::dims;

/// A description of floats with given strides.
inline Desc floats(Dims const& extents, Dims const& strides) {
  return {extents, dnnl::memory::data_type::f32, strides};
}
inline Desc floats(Dims const& extents, dnnl::memory::format_tag tag) {
  return {extents, dnnl::memory::data_type::f32, tag};
}

class Library {
 public:
  dnnl::engine const& engine() const { return engine_; }

  /// `weights`, seen as `given`, in the layout `wanted`: packed once, shared by the plans of all batch sizes and
  /// workers.
  dnnl::memory packed(io::Weights const& weights, Desc const& given, Desc const& wanted);

  /// Every queue of this library will offer at least `bytes` of scratch memory.
  void need_scratch(std::size_t bytes);
  std::size_t scratch_size() const { return scratch_size_; }

 private:
  struct Packed {
    io::Weights weights;
    Desc given;
    dnnl::memory memory;
  };
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  std::mutex mutex_;
  std::vector<Packed> packed_;
  std::atomic<std::size_t> scratch_size_{0};
};

/// One worker's stream and scratch memory; ops run one after another, so that all of them use the same scratch.
class LibraryQueue final : public Queue {
 public:
  explicit LibraryQueue(std::shared_ptr<Library const> library)
      : library_(std::move(library)), stream_(library_->engine()) {}

  dnnl::stream const& stream() const { return stream_; }
  /// 64-byte aligned; allocated by the first op that runs, and again only when larger ops were planned since.
  std::byte* scratch();

 private:
  std::shared_ptr<Library const> library_;
  dnnl::stream stream_;
  Buffer<std::byte> scratch_;
};

/// The queue an op of this backend was given. Throws std::bad_cast when another backend made it.
inline LibraryQueue& library_queue(Queue& queue) { return dynamic_cast<LibraryQueue&>(queue); }

/// Gives out parts of the scratch memory that an op uses at the same time.
class ScratchPlan {
 public:
  /// Offset of a part.
  std::size_t add(std::size_t bytes) {
    std::size_t const offset = size_;
    size_ += (bytes + 63) / 64 * 64;
    return offset;
  }
  std::size_t size() const { return size_; }

 private:
  std::size_t size_ = 0;
};

/// A primitive and its arguments. Its own scratch is a part of the queue's.
class Call {
 public:
  Call() = default;
  /// Arguments without data yet are set before run().
  Call(dnnl::primitive primitive, std::vector<std::pair<int, dnnl::memory>> arguments, Desc const& scratchpad,
       ScratchPlan& scratch);

  void set(int argument, void const* data);
  void run(LibraryQueue& queue);

 private:
  dnnl::primitive primitive_;
  std::vector<std::pair<int, dnnl::memory>> arguments_;
  std::vector<dnnl_exec_arg_t>
      handles_;  // of the arguments, as the library's C interface takes them: nothing is allocated
  std::size_t scratch_at_ = 0;
};

/// A memory object without data.
inline dnnl::memory unset(Desc const& desc, Library const& library) {
  return {desc, library.engine(), DNNL_MEMORY_NONE};
}

}  // namespace sonde::backend::onednn
