// What the reference ops with one input share: the loop over samples, and what becomes of the gradient.
#pragma once

#include "backend/operator.hpp"
#include "base/shape.hpp"
#include "tensor/buffer.hpp"

namespace sonde::backend::reference {

/// target = or += sum, by mode.
void write_gradient(std::span<double const> sum, GradientMode mode, float* target);

/// An op with one input whose samples are independent. Gradients are summed in double.
class SampleOp : public Operator {
 public:
  SampleOp(Shape const& input, Shape const& output, std::int64_t batch);

  void forward(Queue& queue, std::span<float const* const> x, float* y) final;
  void backward(Queue& queue, std::span<float const* const> x, float const* y, float const* dy,
                std::span<float* const> dx, std::span<GradientMode const> modes) final;

 protected:
  virtual void forward_sample(float const* x, float* y) const = 0;
  /// dx comes zeroed and is added to.
  virtual void backward_sample(float const* x, float const* y, float const* dy, double* dx) const = 0;

  std::int64_t input_volume() const { return input_volume_; }
  std::int64_t output_volume() const { return output_volume_; }

 private:
  std::int64_t input_volume_, output_volume_, batch_;
  Buffer<double> sum_;  // a sample's gradient
};

}  // namespace sonde::backend::reference
