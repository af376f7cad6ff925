// The core of a convolution: cross-correlation without bias, forwards and backwards. cuDNN does it on a GPU; the plain
// kernels do what cuDNN refuses, and all of it in the tests.
#pragma once

#include <memory>

#include "backend/cuda/device_arrays.hpp"
#include "backend/cuda/device_queue.hpp"

namespace sonde::backend {

class Correlation {
 public:
  virtual ~Correlation() = default;
  /// Bytes of scratch that both directions need.
  virtual std::size_t scratch() const = 0;
  /// y = x correlated with the weights
  virtual void forward(DeviceQueue& queue, float const* x, void* scratch, float* y) = 0;
  /// dx = its gradient, or += it when `add`
  virtual void backward(DeviceQueue& queue, float const* dy, void* scratch, bool add, float* dx) = 0;
};

/// By the kernels of kernels/window.hpp.
std::unique_ptr<Correlation> make_kernel_correlation(io::Conv2d const& op, Shape const& in, Shape const& out,
                                                     std::int64_t batch, WeightStore& weights);

}  // namespace sonde::backend
