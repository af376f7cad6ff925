// y = scale x + shift, per unit
#include "backend/reference/ops.hpp"
#include "backend/reference/sample_op.hpp"

namespace sonde::backend::reference {
namespace {

class ScaleShift : public SampleOp {
 public:
  ScaleShift(io::ScaleShift const& op, Shape const& in, std::int64_t batch) : SampleOp(in, in, batch), op_(op) {}

 private:
  void forward_sample(float const* x, float* y) const override {
    std::int64_t const scales = volume(op_.scale->shape), shifts = volume(op_.shift->shape);  // units or 1
    for (std::int64_t i = 0; i < input_volume(); ++i)
      y[i] = op_.scale->data[i % scales] * x[i] + op_.shift->data[i % shifts];
  }

  void backward_sample(float const*, float const*, float const* dy, double* dx) const override {
    std::int64_t const scales = volume(op_.scale->shape);
    for (std::int64_t i = 0; i < input_volume(); ++i) dx[i] += op_.scale->data[i % scales] * dy[i];
  }

  io::ScaleShift op_;
};

}  // namespace

OperatorPtr make_scale_shift(io::ScaleShift const& op, Shape const& in, std::int64_t batch) {
  return std::make_unique<ScaleShift>(op, in, batch);
}

}  // namespace sonde::backend::reference
