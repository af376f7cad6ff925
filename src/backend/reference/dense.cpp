// y = x W + b over the last axis
#include "backend/reference/ops.hpp"
#include "backend/reference/sample_op.hpp"

namespace sonde::backend::reference {
namespace {

class Dense : public SampleOp {
 public:
  Dense(io::Dense const& op, Shape const& in, Shape const& out, std::int64_t batch)
      : SampleOp(in, out, batch),
        op_(op),
        inputs_(in.back()),
        units_(out.back()),
        sums_(static_cast<std::size_t>(units_)) {}

 private:
  void forward_sample(float const* x, float* y) const override {
    float const* const weights = op_.weights->data.data();  // (inputs, units)
    for (std::int64_t row = 0; row < input_volume() / inputs_; ++row) {
      for (std::int64_t k = 0; k < units_; ++k) sums_[k] = op_.bias ? op_.bias->data[k] : 0;
      for (std::int64_t c = 0; c < inputs_; ++c) {
        for (std::int64_t k = 0; k < units_; ++k) sums_[k] += double{x[row * inputs_ + c]} * weights[c * units_ + k];
      }
      for (std::int64_t k = 0; k < units_; ++k) y[row * units_ + k] = static_cast<float>(sums_[k]);
    }
  }

  void backward_sample(float const*, float const*, float const* dy, double* dx) const override {
    float const* const weights = op_.weights->data.data();
    for (std::int64_t row = 0; row < input_volume() / inputs_; ++row) {
      for (std::int64_t c = 0; c < inputs_; ++c) {
        for (std::int64_t k = 0; k < units_; ++k)
          dx[row * inputs_ + c] += double{dy[row * units_ + k]} * weights[c * units_ + k];
      }
    }
  }

  io::Dense op_;
  std::int64_t inputs_, units_;
  mutable Buffer<double> sums_;  // (units)
};

}  // namespace

OperatorPtr make_dense(io::Dense const& op, Shape const& in, Shape const& out, std::int64_t batch) {
  return std::make_unique<Dense>(op, in, out, batch);
}

}  // namespace sonde::backend::reference
