#include "backend/cuda/ops/bias_activation.hpp"

#include "backend/cuda/kernels/elementwise.hpp"

namespace sonde::backend::device_ops {
namespace {

/// f'(x) = f'(f(x)): 0 and the cap stay where they are.
bool derivative_from_value(io::Function f) { return f == io::Function::relu || f == io::Function::relu_capped; }

}  // namespace

BiasActivation::BiasActivation(Site const& site, io::Activation const& f, io::Weights const& bias, std::int64_t units,
                               std::int64_t size)
    : f_(f), bias_(site.weights.get(bias)), units_(units), size_(size) {
  if (f.function != io::Function::identity && !derivative_from_value(f.function))
    z_ = Buffer<float>(static_cast<std::size_t>(size), site.memory);
}

void BiasActivation::run(DeviceQueue& queue, float* y) {
  if (!bias_ && f_.function == io::Function::identity) return;
  float* const z = z_.size() > 0 ? z_.data() : nullptr;
  kernels::launch(queue, size_, kernels::BiasActivation{f_, y, data(bias_), units_, z, y});
}

std::size_t BiasActivation::scratch() const {
  return f_.function == io::Function::identity ? 0 : static_cast<std::size_t>(size_) * sizeof(float);
}

float const* BiasActivation::gradient(DeviceQueue& queue, float const* y, float const* dy, float* scratch) const {
  if (f_.function == io::Function::identity) return dy;
  float const* const x = z_.size() > 0 ? z_.data() : y;
  kernels::launch(queue, size_, kernels::ActivationBackward{f_, x, dy, scratch, false});
  return scratch;
}

}  // namespace sonde::backend::device_ops
