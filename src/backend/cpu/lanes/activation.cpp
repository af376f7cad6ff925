// Elementwise functions.
#include "backend/cpu/lanes/block_op.hpp"
#include "backend/cpu/lanes/ops.hpp"
#include "backend/functors/functions.hpp"

namespace sonde::backend::lanes {
namespace {

class Activation final : public BlockOp {
 public:
  Activation(io::Activation const& op, Shape const& in, std::int64_t batch) : BlockOp(in, in, batch), op_(op) {}

 private:
  void forward_block(float const* x, float* y) override { apply(op_, x, input_size(), y); }
  void backward_block(float const* x, float const*, float const* dy, bool accumulate, float* dx) override {
    apply_gradient(op_, x, dy, input_size(), accumulate, dx);
  }

  io::Activation op_;
};

}  // namespace

void apply(io::Activation const& function, float const* x, std::int64_t size, float* y) {
  functors::with_function(function, [&](auto f) {
    for (std::int64_t i = 0; i < size; ++i) y[i] = f.value(x[i]);
  });
}

void apply_gradient(io::Activation const& function, float const* x, float const* dy, std::int64_t size, bool accumulate,
                    float* dx) {
  functors::with_function(function, [&](auto f) {
    if (accumulate) {
      for (std::int64_t i = 0; i < size; ++i) dx[i] += f.derivative(x[i]) * dy[i];
    } else {
      for (std::int64_t i = 0; i < size; ++i) dx[i] = f.derivative(x[i]) * dy[i];
    }
  });
}

OperatorPtr make_activation(io::Activation const& op, Shape const& in, std::int64_t batch) {
  return std::make_unique<Activation>(op, in, batch);
}

}  // namespace sonde::backend::lanes
