// y = a op b, with broadcasting; one of the two may be a constant. Of equal values the first is the maximum or minimum.
#include <algorithm>

#include "backend/cpu/lanes/layout.hpp"
#include "backend/cpu/lanes/ops.hpp"
#include "backend/reference/index.hpp"

namespace sonde::backend::lanes {
namespace {

using io::BinaryFunction;

float value(BinaryFunction function, float a, float b) {
  switch (function) {
    case BinaryFunction::add:
      return a + b;
    case BinaryFunction::subtract:
      return a - b;
    case BinaryFunction::multiply:
      return a * b;
    case BinaryFunction::divide:
      return a / b;
    case BinaryFunction::maximum:
      return a >= b ? a : b;
    case BinaryFunction::minimum:
      return a <= b ? a : b;
  }
  return 0;
}

/// Derivative by a (side 0) or b (side 1).
float derivative(BinaryFunction function, std::size_t side, float a, float b) {
  switch (function) {
    case BinaryFunction::add:
      return 1;
    case BinaryFunction::subtract:
      return side == 0 ? 1.0F : -1.0F;
    case BinaryFunction::multiply:
      return side == 0 ? b : a;
    case BinaryFunction::divide:
      return side == 0 ? 1 / b : -a / (b * b);
    case BinaryFunction::maximum:
      return (a >= b) == (side == 0) ? 1.0F : 0.0F;
    case BinaryFunction::minimum:
      return (a <= b) == (side == 0) ? 1.0F : 0.0F;
  }
  return 0;
}

/// One side of the operation: which element of it goes into each element of the result.
struct Side {
  std::vector<std::int64_t> at;
  std::int64_t size;  // floats of a block; 0 for the constant, whose one block serves all
  int input;          // -1: the constant
};

class Binary final : public Operator {
 public:
  Binary(io::Binary const& op, std::vector<Shape> const& inputs, Shape const& out, std::int64_t batch)
      : function_(op.function), elements_(volume(out)), blocks_(block_count(batch)) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      auto const stride = reference::broadcast_strides(inputs[i]);
      sides_.push_back({reference::offsets(out, stride), block_size(inputs[i]), static_cast<int>(i)});
    }
    if (!op.constant) return;
    auto const place = op.constant_first ? sides_.begin() : sides_.end();
    sides_.insert(place, Side{reference::offsets(out, reference::strides(out)), 0, -1});
    constant_ = Buffer<float>(op.constant->data.size() * kLanes);
    for (std::size_t i = 0; i < constant_.size(); ++i) constant_[i] = op.constant->data[i / kLanes];
  }

  void forward(Queue&, std::span<float const* const> x, float* y) override {
    for (std::int64_t b = 0; b < blocks_; ++b) {
      for (std::int64_t i = 0; i < elements_; ++i, y += kLanes) {
        float const* const left = element(0, x, b, i);
        float const* const right = element(1, x, b, i);
        for (int lane = 0; lane < kLanes; ++lane) y[lane] = value(function_, left[lane], right[lane]);
      }
    }
  }

  void backward(Queue&, std::span<float const* const> x, float const*, float const* dy, std::span<float* const> dx,
                std::span<GradientMode const> modes) override {
    for (std::size_t side = 0; side < 2; ++side) {
      if (sides_[side].input < 0) continue;
      auto const input = static_cast<std::size_t>(sides_[side].input);
      if (modes[input] == GradientMode::skip) continue;
      if (modes[input] == GradientMode::overwrite) std::fill_n(dx[input], blocks_ * sides_[side].size, 0.0F);
      add_gradient(side, x, dy, dx[input]);
    }
  }

 private:
  float const* element(std::size_t side, std::span<float const* const> x, std::int64_t block, std::int64_t i) const {
    Side const& from = sides_[side];
    float const* const data = from.input < 0 ? constant_.data() : x[static_cast<std::size_t>(from.input)];
    return data + block * from.size + from.at[static_cast<std::size_t>(i)] * kLanes;
  }

  void add_gradient(std::size_t side, std::span<float const* const> x, float const* dy, float* dx) const {
    for (std::int64_t b = 0; b < blocks_; ++b) {
      for (std::int64_t i = 0; i < elements_; ++i, dy += kLanes) {
        float const* const left = element(0, x, b, i);
        float const* const right = element(1, x, b, i);
        float* const to = dx + b * sides_[side].size + sides_[side].at[static_cast<std::size_t>(i)] * kLanes;
        for (int lane = 0; lane < kLanes; ++lane)
          to[lane] += derivative(function_, side, left[lane], right[lane]) * dy[lane];
      }
    }
  }

  BinaryFunction function_;
  std::int64_t elements_, blocks_;
  std::vector<Side> sides_;  // two
  Buffer<float> constant_;   // a block
};

}  // namespace

OperatorPtr make_binary(io::Binary const& op, std::vector<Shape> const& inputs, Shape const& out, std::int64_t batch) {
  return std::make_unique<Binary>(op, inputs, out, batch);
}

}  // namespace sonde::backend::lanes
