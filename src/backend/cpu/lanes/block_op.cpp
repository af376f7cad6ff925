#include "backend/cpu/lanes/block_op.hpp"

namespace sonde::backend::lanes {

BlockOp::BlockOp(Shape const& input, Shape const& output, std::int64_t batch)
    : input_size_(block_size(input)), output_size_(block_size(output)), blocks_(block_count(batch)) {}

void BlockOp::forward(Queue&, std::span<float const* const> x, float* y) {
  for (std::int64_t b = 0; b < blocks_; ++b) forward_block(x[0] + b * input_size_, y + b * output_size_);
}

void BlockOp::backward(Queue&, std::span<float const* const> x, float const* y, float const* dy,
                       std::span<float* const> dx, std::span<GradientMode const> modes) {
  if (modes[0] == GradientMode::skip) return;
  bool const accumulate = modes[0] == GradientMode::accumulate;
  for (std::int64_t b = 0; b < blocks_; ++b) {
    std::int64_t const in = b * input_size_, out = b * output_size_;
    backward_block(x[0] + in, y + out, dy + out, accumulate, dx[0] + in);
  }
}

}  // namespace sonde::backend::lanes
