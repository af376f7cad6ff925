// What the ops of the device backend share.
#pragma once

#include "backend/cuda/device_arrays.hpp"
#include "backend/cuda/device_queue.hpp"
#include "backend/cuda/kernels/launch.hpp"
#include "backend/operator.hpp"

namespace sonde::backend::device_ops {

/// An op with one input.
class UnaryOp : public Operator {
 public:
  void forward(Queue& queue, std::span<float const* const> x, float* y) final { run(device_queue(queue), x[0], y); }
  void backward(Queue& queue, std::span<float const* const> x, float const* y, float const* dy,
                std::span<float* const> dx, std::span<GradientMode const> modes) final {
    if (modes[0] == GradientMode::skip) return;
    gradient(device_queue(queue), x[0], y, dy, dx[0], modes[0] == GradientMode::accumulate);
  }

 private:
  virtual void run(DeviceQueue& queue, float const* x, float* y) = 0;
  /// dx = the gradient, or += it when `add`.
  virtual void gradient(DeviceQueue& queue, float const* x, float const* y, float const* dy, float* dx, bool add) = 0;
};

/// Pointer of an array that may be absent.
inline float const* data(WeightStore::Array const& array) { return array ? array->data() : nullptr; }
template <class T>
T const* data_or_null(Buffer<T> const& buffer) {
  return buffer.size() > 0 ? buffer.data() : nullptr;
}

}  // namespace sonde::backend::device_ops
