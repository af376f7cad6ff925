// y_k = e^x_k / sum of e^x over the last axis, or its logarithm
#include <algorithm>
#include <cmath>

#include "backend/reference/ops.hpp"
#include "backend/reference/sample_op.hpp"

namespace sonde::backend::reference {
namespace {

class Softmax : public SampleOp {
 public:
  Softmax(io::Softmax const& op, Shape const& in, std::int64_t batch)
      : SampleOp(in, in, batch), op_(op), units_(unit_count(in)) {}

 private:
  void forward_sample(float const* x, float* y) const override {
    for (std::int64_t row = 0; row < input_volume(); row += units_) {
      double const largest = *std::max_element(x + row, x + row + units_);
      double sum = 0;
      for (std::int64_t k = row; k < row + units_; ++k) sum += std::exp(x[k] - largest);
      for (std::int64_t k = row; k < row + units_; ++k) {
        double const logarithm = x[k] - largest - std::log(sum);
        y[k] = static_cast<float>(op_.log ? logarithm : std::exp(logarithm));
      }
    }
  }

  // softmax: dx = y (dy - sum of y dy); log softmax: dx = dy - e^y sum of dy
  void backward_sample(float const*, float const* y, float const* dy, double* dx) const override {
    for (std::int64_t row = 0; row < input_volume(); row += units_) {
      double sum = 0;
      for (std::int64_t k = row; k < row + units_; ++k) sum += op_.log ? double{dy[k]} : double{y[k]} * dy[k];
      for (std::int64_t k = row; k < row + units_; ++k) {
        dx[k] += op_.log ? dy[k] - std::exp(double{y[k]}) * sum : y[k] * (dy[k] - sum);
      }
    }
  }

  io::Softmax op_;
  std::int64_t units_;
};

}  // namespace

OperatorPtr make_softmax(io::Softmax const& op, Shape const& in, std::int64_t batch) {
  return std::make_unique<Softmax>(op, in, batch);
}

}  // namespace sonde::backend::reference
