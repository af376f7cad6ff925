// Padding with a constant, or cropping: the elements x and y have in common are a box.
#include <algorithm>

#include "backend/reference/index.hpp"
#include "backend/reference/ops.hpp"
#include "backend/reference/sample_op.hpp"

namespace sonde::backend::reference {
namespace {

class Pad : public SampleOp {
 public:
  Pad(io::Pad const& op, Shape const& in, Shape const& out, std::int64_t batch)
      : SampleOp(in, out, batch), value_(op.value) {
    Shape const stride_x = strides(in), stride_y = strides(out);
    Shape box;
    std::int64_t first_x = 0, first_y = 0;
    for (std::size_t axis = 0; axis < in.size(); ++axis) {
      std::int64_t const cut_before = std::max<std::int64_t>(0, -op.before[axis]);
      std::int64_t const cut_after = std::max<std::int64_t>(0, -op.after[axis]);
      box.push_back(in[axis] - cut_before - cut_after);
      first_x += cut_before * stride_x[axis];
      first_y += std::max<std::int64_t>(0, op.before[axis]) * stride_y[axis];
    }
    at_x_ = offsets(box, stride_x, first_x);
    at_y_ = offsets(box, stride_y, first_y);
  }

 private:
  void forward_sample(float const* x, float* y) const override {
    std::fill_n(y, output_volume(), value_);
    for (std::size_t i = 0; i < at_x_.size(); ++i) y[at_y_[i]] = x[at_x_[i]];
  }

  void backward_sample(float const*, float const*, float const* dy, double* dx) const override {
    for (std::size_t i = 0; i < at_x_.size(); ++i) dx[at_x_[i]] += dy[at_y_[i]];
  }

  float value_;
  std::vector<std::int64_t> at_x_, at_y_;  // the elements in common
};

}  // namespace

OperatorPtr make_pad(io::Pad const& op, Shape const& in, Shape const& out, std::int64_t batch) {
  return std::make_unique<Pad>(op, in, out, batch);
}

}  // namespace sonde::backend::reference
