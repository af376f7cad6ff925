// y = f(x correlated with the weights + bias)
#include "backend/cuda/ops/bias_activation.hpp"

namespace sonde::backend::device_ops {
namespace {

class Conv2d final : public UnaryOp {
 public:
  Conv2d(Site const& site, io::Conv2d const& op, io::Activation const& fused, Shape const& out,
         std::unique_ptr<Correlation> correlation)
      : correlation_(std::move(correlation)), after_(site, fused, op.bias, out.back(), volume(out) * site.batch) {}

 private:
  void run(DeviceQueue& queue, float const* x, float* y) override {
    correlation_->forward(queue, x, queue.workspace(correlation_->scratch()), y);
    after_.run(queue, y);
  }

  void gradient(DeviceQueue& queue, float const*, float const* y, float const* dy, float* dx, bool add) override {
    std::size_t const first = aligned(after_.scratch());
    auto* const scratch = static_cast<std::byte*>(queue.workspace(first + correlation_->scratch()));
    float const* const dz = after_.gradient(queue, y, dy, reinterpret_cast<float*>(scratch));
    correlation_->backward(queue, dz, scratch + first, add, dx);
  }

  std::unique_ptr<Correlation> correlation_;
  BiasActivation after_;
};

}  // namespace

OperatorPtr make_conv2d(Site const& site, io::Conv2d const& op, io::Activation const& fused, Shape const& out,
                        std::unique_ptr<Correlation> correlation) {
  return std::make_unique<Conv2d>(site, op, fused, out, std::move(correlation));
}

}  // namespace sonde::backend::device_ops
