#include "backend/reference/sample_op.hpp"

#include <algorithm>

namespace sonde::backend::reference {

void write_gradient(std::span<double const> sum, GradientMode mode, float* target) {
  if (mode == GradientMode::overwrite) {
    for (std::size_t i = 0; i < sum.size(); ++i) target[i] = static_cast<float>(sum[i]);
  } else if (mode == GradientMode::accumulate) {
    for (std::size_t i = 0; i < sum.size(); ++i) target[i] = static_cast<float>(target[i] + sum[i]);
  }
}

SampleOp::SampleOp(Shape const& input, Shape const& output, std::int64_t batch)
    : input_volume_(volume(input)),
      output_volume_(volume(output)),
      batch_(batch),
      sum_(static_cast<std::size_t>(input_volume_)) {}

void SampleOp::forward(Queue&, std::span<float const* const> x, float* y) {
  for (std::int64_t n = 0; n < batch_; ++n) forward_sample(x[0] + n * input_volume_, y + n * output_volume_);
}

void SampleOp::backward(Queue&, std::span<float const* const> x, float const* y, float const* dy,
                        std::span<float* const> dx, std::span<GradientMode const> modes) {
  if (modes[0] == GradientMode::skip) return;
  for (std::int64_t n = 0; n < batch_; ++n) {
    std::ranges::fill(sum_.span(), 0.0);
    backward_sample(x[0] + n * input_volume_, y + n * output_volume_, dy + n * output_volume_, sum_.data());
    write_gradient(sum_.span(), modes[0], dx[0] + n * input_volume_);
  }
}

}  // namespace sonde::backend::reference
