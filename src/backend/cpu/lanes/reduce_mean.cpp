// Mean over some axes.
#include <algorithm>

#include "backend/cpu/lanes/block_op.hpp"
#include "backend/cpu/lanes/ops.hpp"
#include "backend/reference/index.hpp"

namespace sonde::backend::lanes {
namespace {

/// For each element of the input the element of the output it goes to.
std::vector<std::int64_t> targets(Shape const& in, std::vector<std::int64_t> const& axes) {
  Shape kept = in;
  for (std::int64_t axis : axes) kept[static_cast<std::size_t>(axis)] = 1;
  return reference::offsets(in, reference::broadcast_strides(kept));
}

class ReduceMean final : public BlockOp {
 public:
  ReduceMean(io::ReduceMean const& op, Shape const& in, Shape const& out, std::int64_t batch)
      : BlockOp(in, out, batch),
        to_(targets(in, op.axes)),
        factor_(static_cast<float>(volume(out)) / static_cast<float>(volume(in))),
        sums_(static_cast<std::size_t>(output_size())) {}

 private:
  void forward_block(float const* x, float* y) override {
    std::ranges::fill(sums_.span(), 0.0);
    for (std::int64_t const target : to_) {
      double* const sum = sums_.data() + target * kLanes;
      for (int i = 0; i < kLanes; ++i) sum[i] += x[i];
      x += kLanes;
    }
    for (std::int64_t i = 0; i < output_size(); ++i)
      y[i] = static_cast<float>(sums_[static_cast<std::size_t>(i)] * factor_);
  }

  void backward_block(float const*, float const*, float const* dy, bool accumulate, float* dx) override {
    for (std::int64_t const target : to_) {
      float const* const from = dy + target * kLanes;
      for (int i = 0; i < kLanes; ++i) dx[i] = (accumulate ? dx[i] : 0) + factor_ * from[i];
      dx += kLanes;
    }
  }

  std::vector<std::int64_t> to_;
  float factor_;
  Buffer<double> sums_;
};

}  // namespace

OperatorPtr make_reduce_mean(io::ReduceMean const& op, Shape const& in, Shape const& out, std::int64_t batch) {
  return std::make_unique<ReduceMean>(op, in, out, batch);
}

}  // namespace sonde::backend::lanes
