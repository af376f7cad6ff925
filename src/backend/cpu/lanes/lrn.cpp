// y_c = x_c s_c^-beta, s_c = bias + alpha / size * sum of x_j^2 over the window of unit c (ONNX LRN).
#include <algorithm>
#include <cmath>

#include "backend/cpu/lanes/block_op.hpp"
#include "backend/cpu/lanes/ops.hpp"

namespace sonde::backend::lanes {
namespace {

class Lrn final : public BlockOp {
 public:
  Lrn(io::Lrn const& op, Shape const& in, std::int64_t batch)
      : BlockOp(in, in, batch), op_(op), units_(unit_count(in)) {}

 private:
  std::int64_t first(std::int64_t c) const { return std::max<std::int64_t>(0, c - (op_.size - 1) / 2); }
  std::int64_t last(std::int64_t c) const { return std::min(units_ - 1, c + op_.size / 2); }
  float factor() const { return op_.alpha / static_cast<float>(op_.size); }

  /// s_c of one lane of a position.
  float scale(float const* x, std::int64_t c) const {
    float squares = 0;
    for (std::int64_t j = first(c); j <= last(c); ++j) squares += x[j * kLanes] * x[j * kLanes];
    return op_.bias + factor() * squares;
  }

  void forward_block(float const* x, float* y) override {
    for (std::int64_t at = 0; at < input_size(); at += units_ * kLanes) {
      for (std::int64_t i = 0; i < units_ * kLanes; ++i) {
        y[at + i] = x[at + i] * std::pow(scale(x + at + i % kLanes, i / kLanes), -op_.beta);
      }
    }
  }

  void backward_block(float const* x, float const*, float const* dy, bool accumulate, float* dx) override {
    if (!accumulate) std::fill_n(dx, input_size(), 0.0F);
    for (std::int64_t at = 0; at < input_size(); at += units_ * kLanes) {
      for (std::int64_t lane = at; lane < at + kLanes; ++lane) {
        for (std::int64_t c = 0; c < units_; ++c) {
          float const s = scale(x + lane, c);
          float const power = std::pow(s, -op_.beta);
          float const dy_c = dy[lane + c * kLanes];
          float const common = 2 * op_.beta * factor() * dy_c * x[lane + c * kLanes] * power / s;
          for (std::int64_t j = first(c); j <= last(c); ++j) dx[lane + j * kLanes] -= common * x[lane + j * kLanes];
          dx[lane + c * kLanes] += dy_c * power;
        }
      }
    }
  }

  io::Lrn op_;
  std::int64_t units_;
};

}  // namespace

OperatorPtr make_lrn(io::Lrn const& op, Shape const& in, std::int64_t batch) {
  return std::make_unique<Lrn>(op, in, batch);
}

}  // namespace sonde::backend::lanes
