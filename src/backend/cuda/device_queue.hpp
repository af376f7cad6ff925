// What the ops of the device backend need of a queue: scratch, copies and matrix products. CudaQueue does them on a
// GPU; the tests have one that does them on the host.
#pragma once

#include "backend/queue.hpp"

namespace sonde::backend {

/// c (rows, columns) = a (rows, inner) b (inner, columns), or c += a b when `add`. Row-major; a stride is the distance
/// of two rows. When `transposed`, b is stored as (columns, inner).
struct Product {
  std::int64_t rows = 0, columns = 0, inner = 0;
  float const* a = nullptr;
  std::int64_t stride_a = 0;
  float const* b = nullptr;
  std::int64_t stride_b = 0;
  bool transposed = false;
  bool add = false;
  float* c = nullptr;
  std::int64_t stride_c = 0;
};

class DeviceQueue : public Queue {
 public:
  /// Scratch of at least `bytes`, the same for all ops of the queue: what it holds is lost when another op runs. Grows
  /// when an op runs for the first time, which is never in a recorded step.
  virtual void* workspace(std::size_t bytes) = 0;
  /// Within the device's memory; no overlap.
  virtual void copy(void* to, void const* from, std::size_t bytes) = 0;
  virtual void clear(void* to, std::size_t bytes) = 0;
  virtual void multiply(Product const& product) = 0;
  /// c (columns_a, columns_b) = a' b, with a (rows, columns_a) and b (rows, columns_b).
  virtual void multiply_columns(std::int64_t rows, std::int64_t columns_a, std::int64_t columns_b, double const* a,
                                double const* b, double* c) = 0;
  virtual void multiply_columns(std::int64_t rows, std::int64_t columns_a, std::int64_t columns_b, float const* a,
                                float const* b, float* c) = 0;
};

/// The queue that an op of the device backend was given.
inline DeviceQueue& device_queue(Queue& queue) { return static_cast<DeviceQueue&>(queue); }

/// Scratch is handed out in pieces that start where 256 divides.
inline std::size_t aligned(std::size_t bytes) { return (bytes + 255) / 256 * 256; }

}  // namespace sonde::backend
