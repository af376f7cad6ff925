// y = f(x)
#include "backend/functors/functions.hpp"
#include "backend/reference/ops.hpp"
#include "backend/reference/sample_op.hpp"

namespace sonde::backend::reference {
namespace {

class Activation : public SampleOp {
 public:
  Activation(io::Activation const& op, Shape const& in, std::int64_t batch) : SampleOp(in, in, batch), op_(op) {}

 private:
  void forward_sample(float const* x, float* y) const override {
    functors::with_function(op_, [&](auto f) {
      for (std::int64_t i = 0; i < input_volume(); ++i) y[i] = f.value(x[i]);
    });
  }

  void backward_sample(float const* x, float const*, float const* dy, double* dx) const override {
    functors::with_function(op_, [&](auto f) {
      for (std::int64_t i = 0; i < input_volume(); ++i) dx[i] += f.derivative(x[i]) * dy[i];
    });
  }

  io::Activation op_;
};

}  // namespace

OperatorPtr make_activation(io::Activation const& op, Shape const& in, std::int64_t batch) {
  return std::make_unique<Activation>(op, in, batch);
}

}  // namespace sonde::backend::reference
