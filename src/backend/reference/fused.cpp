#include "backend/reference/ops.hpp"
#include "tensor/buffer.hpp"

namespace sonde::backend::reference {
namespace {

class Fused : public Operator {
 public:
  Fused(OperatorPtr op, io::Activation const& activation, Shape const& out, std::int64_t batch)
      : op_(std::move(op)),
        activation_(make_activation(activation, out, batch)),
        z_(static_cast<std::size_t>(volume(out) * batch)),
        dz_(z_.size()) {}

  void forward(Queue& queue, std::span<float const* const> x, float* y) override {
    op_->forward(queue, x, z_.data());
    float const* const z = z_.data();
    activation_->forward(queue, {&z, 1}, y);
  }

  void backward(Queue& queue, std::span<float const* const> x, float const* y, float const* dy,
                std::span<float* const> dx, std::span<GradientMode const> modes) override {
    float const* const z = z_.data();
    float* const dz = dz_.data();
    GradientMode const mode = GradientMode::overwrite;
    activation_->backward(queue, {&z, 1}, y, dy, {&dz, 1}, {&mode, 1});
    op_->backward(queue, x, z, dz, dx, modes);
  }

 private:
  OperatorPtr op_, activation_;
  Buffer<float> z_, dz_;  // before the activation
};

}  // namespace

OperatorPtr make_fused(OperatorPtr op, io::Activation const& activation, Shape const& out, std::int64_t batch) {
  return std::make_unique<Fused>(std::move(op), activation, out, batch);
}

}  // namespace sonde::backend::reference
