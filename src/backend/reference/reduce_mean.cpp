// Mean over some axes: every element of x adds to the element of y that its other axes name.
#include <algorithm>

#include "backend/reference/index.hpp"
#include "backend/reference/ops.hpp"
#include "backend/reference/sample_op.hpp"

namespace sonde::backend::reference {
namespace {

class ReduceMean : public SampleOp {
 public:
  ReduceMean(io::ReduceMean const& op, Shape const& in, Shape const& out, std::int64_t batch)
      : SampleOp(in, out, batch), sums_(static_cast<std::size_t>(volume(out))) {
    Shape kept = in;
    for (std::int64_t axis : op.axes) kept[static_cast<std::size_t>(axis)] = 1;
    target_ = offsets(in, broadcast_strides(kept));
    count_ = static_cast<double>(input_volume()) / static_cast<double>(output_volume());
  }

 private:
  void forward_sample(float const* x, float* y) const override {
    std::ranges::fill(sums_.span(), 0.0);
    for (std::int64_t i = 0; i < input_volume(); ++i) sums_[target_[i]] += x[i];
    for (std::int64_t i = 0; i < output_volume(); ++i) y[i] = static_cast<float>(sums_[i] / count_);
  }

  void backward_sample(float const*, float const*, float const* dy, double* dx) const override {
    for (std::int64_t i = 0; i < input_volume(); ++i) dx[i] += dy[target_[i]] / count_;
  }

  std::vector<std::int64_t> target_;  // element of y that each element of x adds to
  double count_;                      // elements in a mean
  mutable Buffer<double> sums_;
};

}  // namespace

OperatorPtr make_reduce_mean(io::ReduceMean const& op, Shape const& in, Shape const& out, std::int64_t batch) {
  return std::make_unique<ReduceMean>(op, in, out, batch);
}

}  // namespace sonde::backend::reference
