// What follows a product: y = f(sum + bias), and its gradient.
#pragma once

#include "backend/cuda/ops/device_op.hpp"
#include "backend/cuda/ops/ops.hpp"

namespace sonde::backend::device_ops {

class BiasActivation {
 public:
  /// For `size` elements with the bias (units) or null.
  BiasActivation(Site const& site, io::Activation const& f, io::Weights const& bias, std::int64_t units,
                 std::int64_t size);

  /// Where the product is to be written before run(): y itself.
  void run(DeviceQueue& queue, float* y);

  /// Bytes of scratch that gradient() needs.
  std::size_t scratch() const;
  /// Gradient of the sum: dy itself, or what it writes to scratch.
  float const* gradient(DeviceQueue& queue, float const* y, float const* dy, float* scratch) const;

 private:
  io::Activation f_;
  WeightStore::Array bias_;
  std::int64_t units_, size_;
  Buffer<float> z_;  // f's argument, where f's derivative cannot be told from its value
};

}  // namespace sonde::backend::device_ops
