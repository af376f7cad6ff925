// Pooling with the channels innermost: every step of a window is a loop over contiguous channels.
// The library's maximum would have to remember where it was found; finding it again costs less memory traffic, and
// gives the gradient of equal values to the same element as the reference does.
#include <algorithm>
#include <limits>

#include "backend/cpu/onednn/ops.hpp"

namespace sonde::backend::onednn {
namespace {

class Pool : public Operator {
 public:
  Pool(io::Pool const& op, Shape const& in, Shape const& out, std::int64_t batch)
      : op_(op), in_(in), out_(out), batch_(batch), left_(static_cast<std::size_t>(in[2])) {}

  void forward(Queue&, std::span<float const* const> x, float* y) override {
    bool const maximum = op_.kind == io::PoolKind::max;
    for_each_output([&](std::int64_t image, std::int64_t i, std::int64_t j, std::int64_t o) {
      float* const out = y + o;
      std::fill_n(out, in_[2], maximum ? -std::numeric_limits<float>::infinity() : 0.0F);
      float const factor = maximum ? 1 : share(i, j);
      for_each_in_window(i, j, [&](std::int64_t at) {
        float const* const in = x[0] + image + at;
        if (maximum) {
          for (std::int64_t c = 0; c < in_[2]; ++c) out[c] = in[c] > out[c] ? in[c] : out[c];
        } else {
          for (std::int64_t c = 0; c < in_[2]; ++c) out[c] += factor * in[c];
        }
      });
    });
  }

  void backward(Queue&, std::span<float const* const> x, float const* y, float const* dy, std::span<float* const> dx,
                std::span<GradientMode const> modes) override {
    if (modes[0] == GradientMode::skip) return;
    if (modes[0] == GradientMode::overwrite) std::fill_n(dx[0], batch_ * volume(in_), 0.0F);
    for_each_output([&](std::int64_t image, std::int64_t i, std::int64_t j, std::int64_t o) {
      if (op_.kind == io::PoolKind::max) {
        add_maximum(x[0] + image, y + o, dy + o, i, j, dx[0] + image);
      } else {
        add_average(dy + o, i, j, dx[0] + image);
      }
    });
  }

 private:
  /// Calls visit(first element of the sample, row, column, first element of the output position).
  template <class Visitor>
  void for_each_output(Visitor&& visit) const {
    std::int64_t o = 0;
    for (std::int64_t n = 0; n < batch_; ++n) {
      for (std::int64_t i = 0; i < out_[0]; ++i) {
        for (std::int64_t j = 0; j < out_[1]; ++j, o += out_[2]) visit(n * volume(in_), i, j, o);
      }
    }
  }

  /// Calls visit(first channel) for every position of a window inside the image, in row-major order.
  template <class Visitor>
  void for_each_in_window(std::int64_t i, std::int64_t j, Visitor&& visit) const {
    io::Window const& w = op_.window;
    for (std::int64_t p = 0; p < w.height; ++p) {
      std::int64_t const row = i * w.stride_y + p * w.dilation_y - w.top;
      if (row < 0 || row >= in_[0]) continue;
      for (std::int64_t q = 0; q < w.width; ++q) {
        std::int64_t const column = j * w.stride_x + q * w.dilation_x - w.left;
        if (column >= 0 && column < in_[1]) visit((row * in_[1] + column) * in_[2]);
      }
    }
  }

  /// What an element of the window at (i, j) counts in its average.
  float share(std::int64_t i, std::int64_t j) const {
    std::int64_t count = op_.window.height * op_.window.width;
    if (!op_.count_padding) {
      count = 0;
      for_each_in_window(i, j, [&](std::int64_t) { ++count; });
    }
    return count > 0 ? 1 / static_cast<float>(count) : 0;
  }

  void add_maximum(float const* x, float const* y, float const* dy, std::int64_t i, std::int64_t j, float* dx) {
    float* const left = left_.data();  // of dy: 0 once the maximum was met
    std::copy_n(dy, in_[2], left);
    for_each_in_window(i, j, [&](std::int64_t at) {
      for (std::int64_t c = 0; c < in_[2]; ++c) {
        float const taken = x[at + c] == y[c] ? left[c] : 0;
        dx[at + c] += taken;
        left[c] -= taken;
      }
    });
  }

  void add_average(float const* dy, std::int64_t i, std::int64_t j, float* dx) const {
    float const factor = share(i, j);
    for_each_in_window(i, j, [&](std::int64_t at) {
      for (std::int64_t c = 0; c < in_[2]; ++c) dx[at + c] += factor * dy[c];
    });
  }

  io::Pool op_;
  Shape in_, out_;  // (H, W, C), (H', W', C)
  std::int64_t batch_;
  Buffer<float> left_;  // (C)
};

}  // namespace

OperatorPtr make_pool(io::Pool const& op, Shape const& in, Shape const& out, std::int64_t batch) {
  return std::make_unique<Pool>(op, in, out, batch);
}

}  // namespace sonde::backend::onednn
