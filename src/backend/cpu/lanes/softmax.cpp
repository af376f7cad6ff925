// y_k = e^x_k / sum of e^x over the last axis, or its logarithm. The largest x is subtracted first, so nothing
// overflows; in double, since the gradient of a sure decision is a small difference.
#include <algorithm>
#include <cmath>

#include "backend/cpu/lanes/block_op.hpp"
#include "backend/cpu/lanes/ops.hpp"

namespace sonde::backend::lanes {
namespace {

class Softmax final : public BlockOp {
 public:
  Softmax(io::Softmax const& op, Shape const& in, std::int64_t batch)
      : BlockOp(in, in, batch), log_(op.log), units_(unit_count(in) * kLanes) {}

 private:
  void forward_block(float const* x, float* y) override {
    for (std::int64_t row = 0; row < input_size(); row += units_) {
      for (std::int64_t lane = row; lane < row + kLanes; ++lane) forward_lane(x + lane, y + lane);
    }
  }

  void forward_lane(float const* x, float* y) const {
    double largest = x[0];
    for (std::int64_t k = 0; k < units_; k += kLanes) largest = std::max<double>(largest, x[k]);
    double sum = 0;
    for (std::int64_t k = 0; k < units_; k += kLanes) sum += std::exp(x[k] - largest);
    double const log_sum = std::log(sum);
    for (std::int64_t k = 0; k < units_; k += kLanes) {
      double const logarithm = x[k] - largest - log_sum;
      y[k] = static_cast<float>(log_ ? logarithm : std::exp(logarithm));
    }
  }

  // softmax: dx = y (dy - sum of y dy); log softmax: dx = dy - e^y sum of dy
  void backward_block(float const*, float const* y, float const* dy, bool accumulate, float* dx) override {
    for (std::int64_t row = 0; row < input_size(); row += units_) {
      for (std::int64_t lane = row; lane < row + kLanes; ++lane) {
        double sum = 0;
        for (std::int64_t k = lane; k < row + units_; k += kLanes) sum += log_ ? double{dy[k]} : double{y[k]} * dy[k];
        for (std::int64_t k = lane; k < row + units_; k += kLanes) {
          double const share = log_ ? dy[k] - std::exp(double{y[k]}) * sum : y[k] * (dy[k] - sum);
          dx[k] = (accumulate ? dx[k] : 0) + static_cast<float>(share);
        }
      }
    }
  }

  bool log_;
  std::int64_t units_;  // floats of the units of a position
};

}  // namespace

OperatorPtr make_softmax(io::Softmax const& op, Shape const& in, std::int64_t batch) {
  return std::make_unique<Softmax>(op, in, batch);
}

}  // namespace sonde::backend::lanes
