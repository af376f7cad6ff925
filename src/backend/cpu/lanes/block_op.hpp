// What ops with one input share: the loop over blocks of 16 samples.
#pragma once

#include "backend/cpu/lanes/layout.hpp"
#include "backend/operator.hpp"

namespace sonde::backend::lanes {

/// An op with one input whose blocks are independent.
class BlockOp : public Operator {
 public:
  BlockOp(Shape const& input, Shape const& output, std::int64_t batch);

  void forward(Queue& queue, std::span<float const* const> x, float* y) final;
  void backward(Queue& queue, std::span<float const* const> x, float const* y, float const* dy,
                std::span<float* const> dx, std::span<GradientMode const> modes) final;

 protected:
  virtual void forward_block(float const* x, float* y) = 0;
  /// dx = the gradient, or dx += the gradient when `accumulate`.
  virtual void backward_block(float const* x, float const* y, float const* dy, bool accumulate, float* dx) = 0;

  /// Floats of a block.
  std::int64_t input_size() const { return input_size_; }
  std::int64_t output_size() const { return output_size_; }

 private:
  std::int64_t input_size_, output_size_, blocks_;
};

}  // namespace sonde::backend::lanes
