// Maximum and average over windows.
#include <algorithm>

#include "backend/cpu/lanes/block_op.hpp"
#include "backend/cpu/lanes/ops.hpp"

namespace sonde::backend::lanes {
namespace {

class MaxPool final : public BlockOp {
 public:
  MaxPool(Pooling const& pooling, Shape const& in, Shape const& out, std::int64_t batch, Kernels const& kernels)
      : BlockOp(in, out, batch), pooling_(pooling), kernels_(kernels) {}

 private:
  void forward_block(float const* x, float* y) override { kernels_.max_pool(pooling_, x, y); }
  void backward_block(float const* x, float const* y, float const* dy, bool accumulate, float* dx) override {
    if (!accumulate && !pooling_.tiles) std::fill_n(dx, input_size(), 0.0F);
    kernels_.max_pool_backward(pooling_, x, y, dy, !accumulate, dx);
  }

  Pooling pooling_;
  Kernels const& kernels_;
};

class AveragePool final : public BlockOp {
 public:
  AveragePool(Pooling const& pooling, bool count_padding, Shape const& in, Shape const& out, std::int64_t batch)
      : BlockOp(in, out, batch), pooling_(pooling), count_padding_(count_padding), pixel_(pooling.channels * kLanes) {}

 private:
  /// Calls visit(offset of a pixel of x, factor) for each pixel of a window inside the image.
  template <class Visitor>
  void for_each_in_window(std::int64_t row, std::int64_t column, Visitor&& visit) const {
    PoolAxis const& y = pooling_.y;
    PoolAxis const& x = pooling_.x;
    auto const first = [](PoolAxis const& axis, std::int64_t at) { return axis.first + at * axis.stride; };
    auto const count = [&](PoolAxis const& axis, std::int64_t at) {
      std::int64_t inside = 0;
      for (std::int64_t t = 0; t < axis.taps; ++t) {
        std::int64_t const i = first(axis, at) + t * axis.dilation;
        inside += i >= 0 && i < axis.input;
      }
      return inside;
    };
    std::int64_t const elements = count_padding_ ? y.taps * x.taps : count(y, row) * count(x, column);
    for (std::int64_t ty = 0; ty < y.taps; ++ty) {
      std::int64_t const i = first(y, row) + ty * y.dilation;
      if (i < 0 || i >= y.input) continue;
      for (std::int64_t tx = 0; tx < x.taps; ++tx) {
        std::int64_t const j = first(x, column) + tx * x.dilation;
        if (j >= 0 && j < x.input) visit((i * x.input + j) * pixel_, 1 / static_cast<float>(elements));
      }
    }
  }

  /// Calls visit(row, column, offset of the output pixel).
  template <class Visitor>
  void for_each_output(Visitor&& visit) const {
    for (std::int64_t row = 0; row < pooling_.y.count; ++row) {
      for (std::int64_t column = 0; column < pooling_.x.count; ++column)
        visit(row, column, (row * pooling_.x.count + column) * pixel_);
    }
  }

  void forward_block(float const* x, float* y) override {
    for_each_output([&](std::int64_t row, std::int64_t column, std::int64_t out) {
      std::fill_n(y + out, pixel_, 0.0F);
      for_each_in_window(row, column, [&](std::int64_t at, float factor) {
        for (std::int64_t i = 0; i < pixel_; ++i) y[out + i] += factor * x[at + i];
      });
    });
  }

  void backward_block(float const*, float const*, float const* dy, bool accumulate, float* dx) override {
    if (!accumulate) std::fill_n(dx, input_size(), 0.0F);
    for_each_output([&](std::int64_t row, std::int64_t column, std::int64_t out) {
      for_each_in_window(row, column, [&](std::int64_t at, float factor) {
        for (std::int64_t i = 0; i < pixel_; ++i) dx[at + i] += factor * dy[out + i];
      });
    });
  }

  Pooling pooling_;
  bool count_padding_;
  std::int64_t pixel_;  // floats of the channels of a pixel
};

}  // namespace

OperatorPtr make_pool(io::Pool const& op, Shape const& in, Shape const& out, std::int64_t batch,
                      Kernels const& kernels) {
  io::Window const& w = op.window;
  PoolAxis const y{out[0], in[0], w.height, -w.top, w.stride_y, w.dilation_y};
  PoolAxis const x{out[1], in[1], w.width, -w.left, w.stride_x, w.dilation_x};
  auto const covers_once = [](PoolAxis const& axis) {
    return axis.first == 0 && axis.dilation == 1 && axis.stride == axis.taps && axis.count * axis.taps == axis.input;
  };
  Pooling const pooling{y, x, in[2], covers_once(y) && covers_once(x)};
  if (op.kind == io::PoolKind::max) return std::make_unique<MaxPool>(pooling, in, out, batch, kernels);
  return std::make_unique<AveragePool>(pooling, op.count_padding, in, out, batch);
}

}  // namespace sonde::backend::lanes
