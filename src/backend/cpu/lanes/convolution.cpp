// Convolution and dense layers: direct, 16 samples wide. A dense layer is a convolution of one tap over its positions.
#include <algorithm>

#include "backend/cpu/lanes/convolution_plan.hpp"
#include "backend/cpu/lanes/layout.hpp"
#include "backend/cpu/lanes/ops.hpp"

namespace sonde::backend::lanes {
namespace {

class ConvolutionOp final : public Operator {
 public:
  ConvolutionOp(io::Conv2d const& op, io::Activation const& fused, Shape const& in, Shape const& out,
                std::int64_t batch, Kernels const& kernels)
      : kernels_(kernels),
        fused_(fused),
        bias_(op.bias),
        forward_(plan_forward(op, in, out, kernels)),
        gradient_(plan_gradient(op, in, out, kernels)),
        in_(block_size(in)),
        out_(block_size(out)),
        blocks_(block_count(batch)),
        relu_(fused.function == io::Function::relu),
        keep_(!relu_ && fused.function != io::Function::identity),
        padded_x_(static_cast<std::size_t>(forward_.left + forward_.right > 0 ? forward_.padded_size() : 0)),
        padded_dy_(
            static_cast<std::size_t>(gradient_.left + gradient_.right > 0 || relu_ ? gradient_.padded_size() : 0)),
        z_(static_cast<std::size_t>(keep_ ? out_ : 0)),
        dz_(static_cast<std::size_t>(keep_ ? out_ : 0)) {
    forward_.phases[0].kernel.bias = bias_ ? bias_->data.data() : nullptr;
    forward_.phases[0].kernel.relu = relu_;
  }

  void forward(Queue&, std::span<float const* const> x, float* y) override {
    for (std::int64_t b = 0; b < blocks_; ++b) {
      float const* const block = padded(forward_, x[0] + b * in_, nullptr, padded_x_);
      float* const result = keep_ ? z_.data() : y + b * out_;
      kernels_.convolve(forward_.phases[0].kernel, block, result);
      if (keep_) apply(fused_, result, out_, y + b * out_);
    }
  }

  void backward(Queue&, std::span<float const* const> x, float const* y, float const* dy, std::span<float* const> dx,
                std::span<GradientMode const> modes) override {
    if (modes[0] == GradientMode::skip) return;
    for (std::int64_t b = 0; b < blocks_; ++b) {
      float const* dz = dy + b * out_;
      if (keep_) {
        // Computed again, not kept: other blocks may have come through this op in between.
        kernels_.convolve(forward_.phases[0].kernel, padded(forward_, x[0] + b * in_, nullptr, padded_x_), z_.data());
        apply_gradient(fused_, z_.data(), dz, out_, false, dz_.data());
        dz = dz_.data();
      }
      float const* const block = padded(gradient_, dz, relu_ ? y + b * out_ : nullptr, padded_dy_);
      for (ConvolutionPhase& phase : gradient_.phases) {
        phase.kernel.accumulate = modes[0] == GradientMode::accumulate;
        kernels_.convolve(phase.kernel, block, dx[0] + b * in_);
      }
    }
  }

 private:
  /// The block as the plan's kernels want it: with margins, and zero where `positive` is not > 0.
  float const* padded(ConvolutionPlan const& plan, float const* block, float const* positive,
                      Buffer<float>& room) const {
    if (room.size() == 0) return block;
    kernels_.copy_rows(block, positive, plan.rows, plan.length, plan.left, plan.right, room.data());
    return room.data();
  }

  Kernels const& kernels_;
  io::Activation fused_;
  io::Weights bias_;
  ConvolutionPlan forward_, gradient_;
  std::int64_t in_, out_, blocks_;  // floats of a block; number of blocks
  bool relu_, keep_;                // relu in the kernel; another function after it, whose gradient needs its argument
  Buffer<float> padded_x_, padded_dy_;
  Buffer<float> z_, dz_;  // before the function, and its gradient: one block
};

}  // namespace

OperatorPtr make_convolution(io::Conv2d const& op, io::Activation const& fused, Shape const& in, Shape const& out,
                             std::int64_t batch, Kernels const& kernels) {
  return std::make_unique<ConvolutionOp>(op, fused, in, out, batch, kernels);
}

OperatorPtr make_dense(io::Dense const& op, io::Activation const& fused, Shape const& in, std::int64_t batch,
                       Kernels const& kernels) {
  std::int64_t const inputs = op.weights->shape[0], outputs = op.weights->shape[1];
  auto weights = std::make_shared<Tensor>(Shape{1, 1, inputs, outputs});
  std::ranges::copy(op.weights->data.span(), weights->data.data());
  io::Conv2d conv;
  conv.weights = std::move(weights);
  conv.bias = op.bias;
  std::int64_t const positions = volume(in) / inputs;
  return make_convolution(conv, fused, {1, positions, inputs}, {1, positions, outputs}, batch, kernels);
}

}  // namespace sonde::backend::lanes
