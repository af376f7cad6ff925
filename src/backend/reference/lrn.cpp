// y_c = x_c s_c^-beta, s_c = bias + alpha / size * sum of x_j^2 over the window of unit c (ONNX LRN)
#include <algorithm>
#include <cmath>

#include "backend/reference/ops.hpp"
#include "backend/reference/sample_op.hpp"

namespace sonde::backend::reference {
namespace {

class Lrn : public SampleOp {
 public:
  Lrn(io::Lrn const& op, Shape const& in, std::int64_t batch)
      : SampleOp(in, in, batch), op_(op), units_(unit_count(in)) {}

 private:
  std::int64_t first(std::int64_t c) const { return std::max<std::int64_t>(0, c - (op_.size - 1) / 2); }
  std::int64_t last(std::int64_t c) const { return std::min(units_ - 1, c + op_.size / 2); }

  double scale(float const* x, std::int64_t c) const {
    double squares = 0;
    for (std::int64_t j = first(c); j <= last(c); ++j) squares += double{x[j]} * x[j];
    return op_.bias + op_.alpha / static_cast<double>(op_.size) * squares;
  }

  void forward_sample(float const* x, float* y) const override {
    for (std::int64_t at = 0; at < input_volume(); at += units_) {
      for (std::int64_t c = 0; c < units_; ++c)
        y[at + c] = static_cast<float>(x[at + c] * std::pow(scale(x + at, c), -op_.beta));
    }
  }

  void backward_sample(float const* x, float const*, float const* dy, double* dx) const override {
    for (std::int64_t at = 0; at < input_volume(); at += units_) {
      for (std::int64_t c = 0; c < units_; ++c) {
        double const s = scale(x + at, c);
        double const power = std::pow(s, -op_.beta);
        double const common =
            2 * op_.beta * op_.alpha / static_cast<double>(op_.size) * dy[at + c] * x[at + c] * power / s;
        for (std::int64_t j = first(c); j <= last(c); ++j) dx[at + j] -= common * x[at + j];
        dx[at + c] += dy[at + c] * power;
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

}  // namespace sonde::backend::reference
