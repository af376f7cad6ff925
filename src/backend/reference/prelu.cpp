// y = x < 0 ? slope x : x, the slope per unit, per element or one
#include "backend/functors/functions.hpp"
#include "backend/reference/ops.hpp"
#include "backend/reference/sample_op.hpp"

namespace sonde::backend::reference {
namespace {

class PRelu : public SampleOp {
 public:
  PRelu(io::PRelu const& op, Shape const& in, std::int64_t batch) : SampleOp(in, in, batch), op_(op) {}

 private:
  functors::LeakyRelu function(std::int64_t i) const { return {op_.slope->data[i % op_.slope->data.size()]}; }

  void forward_sample(float const* x, float* y) const override {
    for (std::int64_t i = 0; i < input_volume(); ++i) y[i] = function(i).value(x[i]);
  }

  void backward_sample(float const* x, float const*, float const* dy, double* dx) const override {
    for (std::int64_t i = 0; i < input_volume(); ++i) dx[i] += function(i).derivative(x[i]) * dy[i];
  }

  io::PRelu op_;
};

}  // namespace

OperatorPtr make_prelu(io::PRelu const& op, Shape const& in, std::int64_t batch) {
  return std::make_unique<PRelu>(op, in, batch);
}

}  // namespace sonde::backend::reference
