// y[i, j, k] = bias[k] + sum over p, q, c of x[i stride + p dilation - padding, ..., c] w[p, q, c, k]
#include "backend/reference/ops.hpp"
#include "backend/reference/sample_op.hpp"

namespace sonde::backend::reference {
namespace {

class Conv2d : public SampleOp {
 public:
  Conv2d(io::Conv2d const& op, Shape const& in, Shape const& out, std::int64_t batch)
      : SampleOp(in, out, batch), op_(op), in_(in), out_(out), sums_(static_cast<std::size_t>(out[2])) {}

 private:
  /// Calls visit(offset of an input position, offset of its weights) for every element of a window inside the image.
  template <class Visitor>
  void for_each_in_window(std::int64_t i, std::int64_t j, Visitor&& visit) const {
    io::Window const& w = op_.window;
    for (std::int64_t p = 0; p < w.height; ++p) {
      std::int64_t const row = i * w.stride_y + p * w.dilation_y - w.top;
      if (row < 0 || row >= in_[0]) continue;
      for (std::int64_t q = 0; q < w.width; ++q) {
        std::int64_t const column = j * w.stride_x + q * w.dilation_x - w.left;
        if (column < 0 || column >= in_[1]) continue;
        visit((row * in_[1] + column) * in_[2], (p * w.width + q) * (in_[2] / op_.groups) * out_[2]);
      }
    }
  }

  /// Calls visit(input channel, first unit of its group, offset of the weights from it to that unit).
  template <class Visitor>
  void for_each_channel(Visitor&& visit) const {
    std::int64_t const channels = in_[2] / op_.groups, units = out_[2] / op_.groups;  // of a group
    for (std::int64_t c = 0; c < in_[2]; ++c)
      visit(c, c / channels * units, c % channels * out_[2] + c / channels * units);
  }

  void forward_sample(float const* x, float* y) const override {
    std::int64_t const units = out_[2] / op_.groups;
    for (std::int64_t o = 0; o < out_[0] * out_[1]; ++o, y += out_[2]) {
      for (std::int64_t k = 0; k < out_[2]; ++k) sums_[k] = op_.bias ? op_.bias->data[k] : 0;
      for_each_in_window(o / out_[1], o % out_[1], [&](std::int64_t at_x, std::int64_t at_w) {
        for_each_channel([&](std::int64_t c, std::int64_t first, std::int64_t to_first) {
          float const* const weights = op_.weights->data.data() + at_w + to_first;
          for (std::int64_t k = 0; k < units; ++k) sums_[first + k] += double{x[at_x + c]} * weights[k];
        });
      });
      for (std::int64_t k = 0; k < out_[2]; ++k) y[k] = static_cast<float>(sums_[k]);
    }
  }

  void backward_sample(float const*, float const*, float const* dy, double* dx) const override {
    std::int64_t const units = out_[2] / op_.groups;
    for (std::int64_t o = 0; o < out_[0] * out_[1]; ++o, dy += out_[2]) {
      for_each_in_window(o / out_[1], o % out_[1], [&](std::int64_t at_x, std::int64_t at_w) {
        for_each_channel([&](std::int64_t c, std::int64_t first, std::int64_t to_first) {
          float const* const weights = op_.weights->data.data() + at_w + to_first;
          for (std::int64_t k = 0; k < units; ++k) dx[at_x + c] += double{dy[first + k]} * weights[k];
        });
      });
    }
  }

  io::Conv2d op_;
  Shape in_, out_;               // (H, W, C), (H', W', K)
  mutable Buffer<double> sums_;  // (K)
};

}  // namespace

OperatorPtr make_conv2d(io::Conv2d const& op, Shape const& in, Shape const& out, std::int64_t batch) {
  return std::make_unique<Conv2d>(op, in, out, batch);
}

}  // namespace sonde::backend::reference
