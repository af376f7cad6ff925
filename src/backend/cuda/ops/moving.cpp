// Ops that move elements: concatenation, transposition, padding, means. Where elements come from is worked out when the
// op is planned.
#include "backend/cuda/kernels/moving.hpp"

#include <algorithm>

#include "backend/cuda/ops/device_op.hpp"
#include "backend/cuda/ops/ops.hpp"
#include "backend/cuda/ops/readers.hpp"
#include "backend/reference/index.hpp"

namespace sonde::backend::device_ops {
namespace {

using reference::broadcast_strides;
using reference::offsets;
using reference::strides;

class Concat final : public Operator {
 public:
  Concat(io::Concat const& op, std::vector<Shape> const& inputs, Shape const& out, std::int64_t batch) {
    auto const axis = out.begin() + op.axis;
    blocks_ = batch * volume(Shape(out.begin(), axis));
    for (Shape const& input : inputs) widths_.push_back(volume(Shape(input.begin() + op.axis, input.end())));
    total_ = volume(Shape(axis, out.end()));
  }

  void forward(Queue& queue, std::span<float const* const> x, float* y) override {
    std::int64_t offset = 0;
    for (std::size_t i = 0; i < widths_.size(); offset += widths_[i++]) {
      std::int64_t const width = widths_[i];
      kernels::launch(queue, blocks_ * width, kernels::MoveBlocks{x[i], width, width, y + offset, total_, false});
    }
  }

  void backward(Queue& queue, std::span<float const* const>, float const*, float const* dy, std::span<float* const> dx,
                std::span<GradientMode const> modes) override {
    std::int64_t offset = 0;
    for (std::size_t i = 0; i < widths_.size(); offset += widths_[i++]) {
      if (modes[i] == GradientMode::skip) continue;
      std::int64_t const width = widths_[i];
      bool const add = modes[i] == GradientMode::accumulate;
      kernels::launch(queue, blocks_ * width, kernels::MoveBlocks{dy + offset, total_, width, dx[i], width, add});
    }
  }

 private:
  std::int64_t blocks_, total_;       // blocks of the output, elements in each
  std::vector<std::int64_t> widths_;  // elements each input gives to a block
};

/// Every element of y is one of x or a constant, and every element of x goes to one place at most.
class Rearrange final : public UnaryOp {
 public:
  Rearrange(Site const& site, std::vector<std::int32_t> const& source, float value, std::int64_t inputs)
      : value_(value),
        inputs_(inputs),
        outputs_(static_cast<std::int64_t>(source.size())),
        batch_(site.batch),
        source_(source, site.memory) {
    std::vector<std::int32_t> target(static_cast<std::size_t>(inputs), -1);
    for (std::size_t i = 0; i < source.size(); ++i) {
      if (source[i] >= 0) target[static_cast<std::size_t>(source[i])] = static_cast<std::int32_t>(i);
    }
    target_ = Buffer<std::int32_t>(target, site.memory);
  }

 private:
  void run(DeviceQueue& queue, float const* x, float* y) override {
    kernels::launch(queue, outputs_ * batch_,
                    kernels::Rearrange{x, inputs_, source_.data(), value_, y, outputs_, false});
  }
  void gradient(DeviceQueue& queue, float const*, float const*, float const* dy, float* dx, bool add) override {
    kernels::launch(queue, inputs_ * batch_, kernels::Rearrange{dy, outputs_, target_.data(), 0, dx, inputs_, add});
  }

  float value_;
  std::int64_t inputs_, outputs_, batch_;
  Buffer<std::int32_t> source_, target_;  // element of x for one of y, and back; -1: none
};

class ReduceMean final : public UnaryOp {
 public:
  ReduceMean(Site const& site, std::vector<std::int32_t> const& target, std::int64_t outputs)
      : inputs_(static_cast<std::int64_t>(target.size())),
        outputs_(outputs),
        batch_(site.batch),
        divisor_(static_cast<double>(inputs_) / static_cast<double>(outputs)),
        target_(target, site.memory),
        readers_(target, outputs, site.memory) {}

 private:
  void run(DeviceQueue& queue, float const* x, float* y) override {
    kernels::launch(queue, outputs_ * batch_, kernels::Mean{x, inputs_, readers_.view(), divisor_, y, outputs_});
  }
  void gradient(DeviceQueue& queue, float const*, float const*, float const* dy, float* dx, bool add) override {
    kernels::launch(queue, inputs_ * batch_,
                    kernels::MeanBackward{dy, outputs_, target_.data(), divisor_, dx, inputs_, add});
  }

  std::int64_t inputs_, outputs_, batch_;
  double divisor_;
  Buffer<std::int32_t> target_;  // element of y that each element of x adds to
  ReaderTable readers_;          // elements of x that each of y is the mean of
};

}  // namespace

OperatorPtr make_concat(Site const& site, io::Concat const& op, std::vector<Shape> const& inputs, Shape const& out) {
  return std::make_unique<Concat>(op, inputs, out, site.batch);
}

OperatorPtr make_transpose(Site const& site, io::Transpose const& op, Shape const& in, Shape const& out) {
  Shape const from = strides(in);
  Shape stride;  // in x, of each axis of y
  for (std::int64_t axis : op.order) stride.push_back(from[static_cast<std::size_t>(axis)]);
  return std::make_unique<Rearrange>(site, narrow(offsets(out, stride)), 0.0F, volume(in));
}

/// The elements x and y have in common are a box.
OperatorPtr make_pad(Site const& site, io::Pad const& op, Shape const& in, Shape const& out) {
  Shape const stride_x = strides(in), stride_y = strides(out);
  Shape box;
  std::int64_t first_x = 0, first_y = 0;
  for (std::size_t axis = 0; axis < in.size(); ++axis) {
    std::int64_t const cut_before = std::max<std::int64_t>(0, -op.before[axis]);
    box.push_back(in[axis] - cut_before - std::max<std::int64_t>(0, -op.after[axis]));
    first_x += cut_before * stride_x[axis];
    first_y += std::max<std::int64_t>(0, op.before[axis]) * stride_y[axis];
  }
  auto const at_x = narrow(offsets(box, stride_x, first_x)), at_y = narrow(offsets(box, stride_y, first_y));
  std::vector<std::int32_t> source(static_cast<std::size_t>(volume(out)), -1);
  for (std::size_t i = 0; i < at_x.size(); ++i) source[static_cast<std::size_t>(at_y[i])] = at_x[i];
  return std::make_unique<Rearrange>(site, source, op.value, volume(in));
}

OperatorPtr make_reduce_mean(Site const& site, io::ReduceMean const& op, Shape const& in, Shape const& out) {
  Shape kept = in;
  for (std::int64_t axis : op.axes) kept[static_cast<std::size_t>(axis)] = 1;
  return std::make_unique<ReduceMean>(site, narrow(offsets(in, broadcast_strides(kept))), volume(out));
}

}  // namespace sonde::backend::device_ops
