// Axis i of y is axis order[i] of x
#include "backend/reference/index.hpp"
#include "backend/reference/ops.hpp"
#include "backend/reference/sample_op.hpp"

namespace sonde::backend::reference {
namespace {

class Transpose : public SampleOp {
 public:
  Transpose(io::Transpose const& op, Shape const& in, Shape const& out, std::int64_t batch) : SampleOp(in, out, batch) {
    Shape const from = strides(in);
    Shape stride;  // in x, of each axis of y
    for (std::int64_t axis : op.order) stride.push_back(from[static_cast<std::size_t>(axis)]);
    source_ = offsets(out, stride);
  }

 private:
  void forward_sample(float const* x, float* y) const override {
    for (std::int64_t i = 0; i < output_volume(); ++i) y[i] = x[source_[i]];
  }

  void backward_sample(float const*, float const*, float const* dy, double* dx) const override {
    for (std::int64_t i = 0; i < output_volume(); ++i) dx[source_[i]] += dy[i];
  }

  std::vector<std::int64_t> source_;  // element of x that each element of y is
};

}  // namespace

OperatorPtr make_transpose(io::Transpose const& op, Shape const& in, Shape const& out, std::int64_t batch) {
  return std::make_unique<Transpose>(op, in, out, batch);
}

}  // namespace sonde::backend::reference
