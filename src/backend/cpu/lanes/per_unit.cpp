// Elementwise functions with parameters per unit: y = scale x + shift, and y = x < 0 ? slope x : x.
#include "backend/cpu/lanes/block_op.hpp"
#include "backend/cpu/lanes/ops.hpp"
#include "backend/functors/functions.hpp"

namespace sonde::backend::lanes {
namespace {

/// The parameter of element f: one for all, one per unit (last axis), or one per element.
float entry(io::Weights const& values, std::int64_t f) {
  return values->data[static_cast<std::size_t>(f) % values->data.size()];
}

class ScaleShift final : public BlockOp {
 public:
  ScaleShift(io::ScaleShift const& op, Shape const& in, std::int64_t batch) : BlockOp(in, in, batch), op_(op) {}

 private:
  void forward_block(float const* x, float* y) override {
    for (std::int64_t f = 0; f < input_size() / kLanes; ++f) {
      float const scale = entry(op_.scale, f), shift = entry(op_.shift, f);
      for (std::int64_t i = f * kLanes; i < (f + 1) * kLanes; ++i) y[i] = scale * x[i] + shift;
    }
  }

  void backward_block(float const*, float const*, float const* dy, bool accumulate, float* dx) override {
    for (std::int64_t f = 0; f < input_size() / kLanes; ++f) {
      float const scale = entry(op_.scale, f);
      for (std::int64_t i = f * kLanes; i < (f + 1) * kLanes; ++i) dx[i] = (accumulate ? dx[i] : 0) + scale * dy[i];
    }
  }

  io::ScaleShift op_;
};

class PRelu final : public BlockOp {
 public:
  PRelu(io::PRelu const& op, Shape const& in, std::int64_t batch) : BlockOp(in, in, batch), op_(op) {}

 private:
  void forward_block(float const* x, float* y) override {
    for (std::int64_t f = 0; f < input_size() / kLanes; ++f) {
      functors::LeakyRelu const function{entry(op_.slope, f)};
      for (std::int64_t i = f * kLanes; i < (f + 1) * kLanes; ++i) y[i] = function.value(x[i]);
    }
  }

  void backward_block(float const* x, float const*, float const* dy, bool accumulate, float* dx) override {
    for (std::int64_t f = 0; f < input_size() / kLanes; ++f) {
      functors::LeakyRelu const function{entry(op_.slope, f)};
      for (std::int64_t i = f * kLanes; i < (f + 1) * kLanes; ++i) {
        dx[i] = (accumulate ? dx[i] : 0) + function.derivative(x[i]) * dy[i];
      }
    }
  }

  io::PRelu op_;
};

}  // namespace

OperatorPtr make_scale_shift(io::ScaleShift const& op, Shape const& in, std::int64_t batch) {
  return std::make_unique<ScaleShift>(op, in, batch);
}

OperatorPtr make_prelu(io::PRelu const& op, Shape const& in, std::int64_t batch) {
  return std::make_unique<PRelu>(op, in, batch);
}

}  // namespace sonde::backend::lanes
