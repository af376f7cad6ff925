// Maximum or average over windows. The gradient of a maximum goes to the first largest element in row-major order.
#include <limits>

#include "backend/reference/ops.hpp"
#include "backend/reference/sample_op.hpp"

namespace sonde::backend::reference {
namespace {

class Pool : public SampleOp {
 public:
  Pool(io::Pool const& op, Shape const& in, Shape const& out, std::int64_t batch)
      : SampleOp(in, out, batch), op_(op), in_(in), out_(out) {}

 private:
  /// Calls visit(offset in x) for every element of a window inside the image.
  template <class Visitor>
  void for_each_in_window(std::int64_t i, std::int64_t j, std::int64_t c, Visitor&& visit) const {
    io::Window const& w = op_.window;
    for (std::int64_t p = 0; p < w.height; ++p) {
      std::int64_t const row = i * w.stride_y + p * w.dilation_y - w.top;
      if (row < 0 || row >= in_[0]) continue;
      for (std::int64_t q = 0; q < w.width; ++q) {
        std::int64_t const column = j * w.stride_x + q * w.dilation_x - w.left;
        if (column >= 0 && column < in_[1]) visit((row * in_[1] + column) * in_[2] + c);
      }
    }
  }

  template <class Visitor>
  void for_each_output(Visitor&& visit) const {
    for (std::int64_t i = 0; i < out_[0]; ++i) {
      for (std::int64_t j = 0; j < out_[1]; ++j) {
        for (std::int64_t c = 0; c < out_[2]; ++c) visit(i, j, c, (i * out_[1] + j) * out_[2] + c);
      }
    }
  }

  /// What an average divides by; 0 for a window that lies in the padding.
  double divisor(std::int64_t i, std::int64_t j) const {
    if (op_.count_padding) return static_cast<double>(op_.window.height * op_.window.width);
    double count = 0;
    for_each_in_window(i, j, 0, [&](std::int64_t) { ++count; });
    return count;
  }

  void forward_sample(float const* x, float* y) const override {
    for_each_output([&](std::int64_t i, std::int64_t j, std::int64_t c, std::int64_t o) {
      if (op_.kind == io::PoolKind::max) {
        y[o] = -std::numeric_limits<float>::infinity();
        for_each_in_window(i, j, c, [&](std::int64_t at) { y[o] = x[at] > y[o] ? x[at] : y[o]; });
      } else {
        double sum = 0;
        for_each_in_window(i, j, c, [&](std::int64_t at) { sum += x[at]; });
        double const count = divisor(i, j);
        y[o] = count > 0 ? static_cast<float>(sum / count) : 0;
      }
    });
  }

  void backward_sample(float const* x, float const* y, float const* dy, double* dx) const override {
    for_each_output([&](std::int64_t i, std::int64_t j, std::int64_t c, std::int64_t o) {
      if (op_.kind == io::PoolKind::max) {
        bool found = false;
        for_each_in_window(i, j, c, [&](std::int64_t at) {
          if (!found && x[at] == y[o]) dx[at] += dy[o];
          found = found || x[at] == y[o];
        });
      } else {
        double const count = divisor(i, j);
        for_each_in_window(i, j, c, [&](std::int64_t at) { dx[at] += dy[o] / count; });
      }
    });
  }

  io::Pool op_;
  Shape in_, out_;  // (H, W, C), (H', W', C)
};

}  // namespace

OperatorPtr make_pool(io::Pool const& op, Shape const& in, Shape const& out, std::int64_t batch) {
  return std::make_unique<Pool>(op, in, out, batch);
}

}  // namespace sonde::backend::reference
