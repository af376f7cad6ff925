// Ops that read and write every element once: bound by memory, so plain loops do.
#include <algorithm>

#include "backend/cpu/onednn/layout.hpp"
#include "backend/cpu/onednn/ops.hpp"

namespace sonde::backend::onednn {
namespace {

/// dx[i] = or += gradient(i), by mode.
template <class Gradient>
void write(GradientMode mode, std::int64_t count, float* dx, Gradient gradient) {
  if (mode == GradientMode::overwrite) {
    for (std::int64_t i = 0; i < count; ++i) dx[i] = gradient(i);
  } else if (mode == GradientMode::accumulate) {
    for (std::int64_t i = 0; i < count; ++i) dx[i] += gradient(i);
  }
}

class Activation : public Operator {
 public:
  Activation(io::Activation const& op, std::int64_t count) : op_(op), count_(count) {}

  void forward(Queue&, std::span<float const* const> x, float* y) override {
    functors::with_function(op_, [&, in = x[0]](auto f) {
      for (std::int64_t i = 0; i < count_; ++i) y[i] = f.value(in[i]);
    });
  }

  void backward(Queue&, std::span<float const* const> x, float const*, float const* dy, std::span<float* const> dx,
                std::span<GradientMode const> modes) override {
    functors::with_function(op_, [&, in = x[0]](auto f) {
      write(modes[0], count_, dx[0], [=](std::int64_t i) { return f.derivative(in[i]) * dy[i]; });
    });
  }

 private:
  io::Activation op_;
  std::int64_t count_;
};

class ScaleShift : public Operator {
 public:
  ScaleShift(io::ScaleShift const& op, Shape const& in, std::int64_t batch)
      : units_(unit_count(in)), rows_(volume(in) / units_ * batch) {
    for (std::int64_t c = 0; c < units_; ++c) {
      scale_.push_back(op.scale->data[op.scale->data.size() == 1 ? 0 : c]);
      shift_.push_back(op.shift->data[op.shift->data.size() == 1 ? 0 : c]);
    }
  }

  void forward(Queue&, std::span<float const* const> x, float* y) override {
    for (std::int64_t row = 0; row < rows_; ++row) {
      float const* const in = x[0] + row * units_;
      float* const out = y + row * units_;
      for (std::int64_t c = 0; c < units_; ++c) out[c] = scale_[c] * in[c] + shift_[c];
    }
  }

  void backward(Queue&, std::span<float const* const>, float const*, float const* dy, std::span<float* const> dx,
                std::span<GradientMode const> modes) override {
    if (modes[0] == GradientMode::skip) return;
    for (std::int64_t row = 0; row < rows_; ++row) {
      float const* const from = dy + row * units_;
      write(modes[0], units_, dx[0] + row * units_, [&](std::int64_t c) { return scale_[c] * from[c]; });
    }
  }

 private:
  std::int64_t units_, rows_;
  std::vector<float> scale_, shift_;  // (units)
};

/// Two inputs of one shape.
class Add : public Operator {
 public:
  explicit Add(std::int64_t count) : count_(count) {}

  void forward(Queue&, std::span<float const* const> x, float* y) override {
    for (std::int64_t i = 0; i < count_; ++i) y[i] = x[0][i] + x[1][i];
  }

  void backward(Queue&, std::span<float const* const>, float const*, float const* dy, std::span<float* const> dx,
                std::span<GradientMode const> modes) override {
    for (int side = 0; side < 2; ++side) write(modes[side], count_, dx[side], [=](std::int64_t i) { return dy[i]; });
  }

 private:
  std::int64_t count_;
};

class Copy : public Operator {
 public:
  explicit Copy(std::int64_t count) : count_(count) {}

  void forward(Queue&, std::span<float const* const> x, float* y) override { std::copy_n(x[0], count_, y); }

  void backward(Queue&, std::span<float const* const>, float const*, float const* dy, std::span<float* const> dx,
                std::span<GradientMode const> modes) override {
    write(modes[0], count_, dx[0], [=](std::int64_t i) { return dy[i]; });
  }

 private:
  std::int64_t count_;
};

}  // namespace

OperatorPtr make_activation(io::Activation const& op, Shape const& in, std::int64_t batch) {
  return std::make_unique<Activation>(op, volume(in) * batch);
}

OperatorPtr make_scale_shift(io::ScaleShift const& op, Shape const& in, std::int64_t batch) {
  return std::make_unique<ScaleShift>(op, in, batch);
}

OperatorPtr make_add(Shape const& in, std::int64_t batch) { return std::make_unique<Add>(volume(in) * batch); }

OperatorPtr make_copy(Shape const& in, std::int64_t batch) { return std::make_unique<Copy>(volume(in) * batch); }

}  // namespace sonde::backend::onednn
