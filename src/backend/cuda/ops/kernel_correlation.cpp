#include "backend/cuda/correlation.hpp"
#include "backend/cuda/kernels/launch.hpp"
#include "backend/cuda/ops/images.hpp"

namespace sonde::backend {
namespace {

class KernelCorrelation final : public Correlation {
 public:
  KernelCorrelation(io::Conv2d const& op, Shape const& in, Shape const& out, std::int64_t batch, WeightStore& weights)
      : images_(device_ops::images(in, out, op.window)),
        groups_(op.groups),
        inputs_(volume(in) * batch),
        outputs_(volume(out) * batch),
        weights_(weights.get(op.weights)) {}

  std::size_t scratch() const override { return 0; }
  void forward(DeviceQueue& queue, float const* x, void*, float* y) override {
    kernels::launch(queue, outputs_, kernels::ConvolutionForward{images_, groups_, x, weights_->data(), y});
  }
  void backward(DeviceQueue& queue, float const* dy, void*, bool add, float* dx) override {
    kernels::launch(queue, inputs_, kernels::ConvolutionBackward{images_, groups_, dy, weights_->data(), dx, add});
  }

 private:
  kernels::Images images_;
  std::int64_t groups_, inputs_, outputs_;
  WeightStore::Array weights_;
};

}  // namespace

std::unique_ptr<Correlation> make_kernel_correlation(io::Conv2d const& op, Shape const& in, Shape const& out,
                                                     std::int64_t batch, WeightStore& weights) {
  return std::make_unique<KernelCorrelation>(op, in, out, batch, weights);
}

}  // namespace sonde::backend
