// y[i, j, k] = bias[k] + sum over p, q, c of x[i stride + p dilation - padding, ..., c] w[p, q, c, k]
#include "backend/reference/ops.hpp"
#include "backend/reference/sample_op.hpp"

namespace sonde::backend::reference {
namespace {

class Conv2d : public SampleOp {
 public:
  Conv2d(io::Conv2d const& op, Shape const& in, Shape const& out, std::int64_t batch)
      : SampleOp(in, out, batch), op_(op), in_(in), out_(out) {}

 private:
  /// Calls visit(offset in x, offset in w) for every product of weight and input inside the image.
  template <class Visitor>
  void for_each_product(std::int64_t i, std::int64_t j, std::int64_t k, Visitor&& visit) const {
    io::Window const& w = op_.window;
    std::int64_t const channels = in_[2] / op_.groups;  // of a group
    std::int64_t const first = k / (out_[2] / op_.groups) * channels;
    for (std::int64_t p = 0; p < w.height; ++p) {
      std::int64_t const row = i * w.stride_y + p * w.dilation_y - w.top;
      if (row < 0 || row >= in_[0]) continue;
      for (std::int64_t q = 0; q < w.width; ++q) {
        std::int64_t const column = j * w.stride_x + q * w.dilation_x - w.left;
        if (column < 0 || column >= in_[1]) continue;
        for (std::int64_t c = 0; c < channels; ++c) {
          visit((row * in_[1] + column) * in_[2] + first + c, ((p * w.width + q) * channels + c) * out_[2] + k);
        }
      }
    }
  }

  template <class Visitor>
  void for_each_output(Visitor&& visit) const {
    for (std::int64_t i = 0; i < out_[0]; ++i) {
      for (std::int64_t j = 0; j < out_[1]; ++j) {
        for (std::int64_t k = 0; k < out_[2]; ++k) visit(i, j, k, (i * out_[1] + j) * out_[2] + k);
      }
    }
  }

  void forward_sample(float const* x, float* y) const override {
    float const* const weights = op_.weights->data.data();
    for_each_output([&](std::int64_t i, std::int64_t j, std::int64_t k, std::int64_t o) {
      double sum = op_.bias ? op_.bias->data[k] : 0;
      for_each_product(i, j, k, [&](std::int64_t at_x, std::int64_t at_w) { sum += double{x[at_x]} * weights[at_w]; });
      y[o] = static_cast<float>(sum);
    });
  }

  void backward_sample(float const*, float const*, float const* dy, double* dx) const override {
    float const* const weights = op_.weights->data.data();
    for_each_output([&](std::int64_t i, std::int64_t j, std::int64_t k, std::int64_t o) {
      for_each_product(i, j, k, [&](std::int64_t at_x, std::int64_t at_w) { dx[at_x] += double{dy[o]} * weights[at_w]; });
    });
  }

  io::Conv2d op_;
  Shape in_, out_;  // (H, W, C), (H', W', K)
};

}  // namespace

OperatorPtr make_conv2d(io::Conv2d const& op, Shape const& in, Shape const& out, std::int64_t batch) {
  return std::make_unique<Conv2d>(op, in, out, batch);
}

}  // namespace sonde::backend::reference
