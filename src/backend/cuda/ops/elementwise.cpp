// Ops in which every element stands for itself: functions, copies, scales, slopes, embeddings.
#include "backend/cuda/kernels/elementwise.hpp"

#include "backend/cuda/ops/device_op.hpp"
#include "backend/cuda/ops/ops.hpp"

namespace sonde::backend::device_ops {
namespace {

class Activation final : public UnaryOp {
 public:
  Activation(io::Activation const& op, std::int64_t size) : op_(op), size_(size) {}

 private:
  void run(DeviceQueue& queue, float const* x, float* y) override {
    kernels::launch(queue, size_, kernels::ActivationForward{op_, x, y});
  }
  void gradient(DeviceQueue& queue, float const* x, float const*, float const* dy, float* dx, bool add) override {
    kernels::launch(queue, size_, kernels::ActivationBackward{op_, x, dy, dx, add});
  }

  io::Activation op_;
  std::int64_t size_;
};

class Copy final : public UnaryOp {
 public:
  explicit Copy(std::int64_t size) : size_(size) {}

 private:
  std::size_t bytes() const { return static_cast<std::size_t>(size_) * sizeof(float); }
  void run(DeviceQueue& queue, float const* x, float* y) override { queue.copy(y, x, bytes()); }
  void gradient(DeviceQueue& queue, float const*, float const*, float const* dy, float* dx, bool add) override {
    if (!add) return queue.copy(dx, dy, bytes());
    kernels::launch(queue, size_, kernels::Add{dy, dx});
  }

  std::int64_t size_;
};

class ScaleShift final : public UnaryOp {
 public:
  ScaleShift(Site const& site, io::ScaleShift const& op, std::int64_t size)
      : size_(size), scale_(site.weights.get(op.scale)), shift_(site.weights.get(op.shift)) {}

 private:
  std::int64_t scales() const { return static_cast<std::int64_t>(scale_->size()); }
  void run(DeviceQueue& queue, float const* x, float* y) override {
    auto const shifts = static_cast<std::int64_t>(shift_->size());
    kernels::launch(queue, size_, kernels::ScaleShiftForward{x, scale_->data(), shift_->data(), scales(), shifts, y});
  }
  void gradient(DeviceQueue& queue, float const*, float const*, float const* dy, float* dx, bool add) override {
    kernels::launch(queue, size_, kernels::ScaleShiftBackward{dy, scale_->data(), scales(), dx, add});
  }

  std::int64_t size_;
  WeightStore::Array scale_, shift_;
};

class PRelu final : public UnaryOp {
 public:
  PRelu(Site const& site, io::PRelu const& op, std::int64_t size) : size_(size), slope_(site.weights.get(op.slope)) {}

 private:
  std::int64_t slopes() const { return static_cast<std::int64_t>(slope_->size()); }
  void run(DeviceQueue& queue, float const* x, float* y) override {
    kernels::launch(queue, size_, kernels::PReluForward{x, slope_->data(), slopes(), y});
  }
  void gradient(DeviceQueue& queue, float const* x, float const*, float const* dy, float* dx, bool add) override {
    kernels::launch(queue, size_, kernels::PReluBackward{x, slope_->data(), dy, slopes(), dx, add});
  }

  std::int64_t size_;
  WeightStore::Array slope_;
};

/// Ids have no gradient: it is 0.
class Embedding final : public UnaryOp {
 public:
  Embedding(Site const& site, io::Embedding const& op, std::int64_t inputs, std::int64_t outputs)
      : ids_(op.table->shape[0]),
        width_(op.table->shape[1]),
        inputs_(inputs),
        outputs_(outputs),
        table_(site.weights.get(op.table)) {}

 private:
  void run(DeviceQueue& queue, float const* x, float* y) override {
    kernels::launch(queue, outputs_, kernels::EmbeddingForward{x, table_->data(), ids_, width_, y});
  }
  void gradient(DeviceQueue& queue, float const*, float const*, float const*, float* dx, bool add) override {
    if (!add) queue.clear(dx, static_cast<std::size_t>(inputs_) * sizeof(float));
  }

  std::int64_t ids_, width_, inputs_, outputs_;
  WeightStore::Array table_;
};

}  // namespace

OperatorPtr make_activation(Site const& site, io::Activation const& op, Shape const& in) {
  return std::make_unique<Activation>(op, volume(in) * site.batch);
}
OperatorPtr make_copy(Site const& site, Shape const& in) { return std::make_unique<Copy>(volume(in) * site.batch); }
OperatorPtr make_scale_shift(Site const& site, io::ScaleShift const& op, Shape const& in) {
  return std::make_unique<ScaleShift>(site, op, volume(in) * site.batch);
}
OperatorPtr make_prelu(Site const& site, io::PRelu const& op, Shape const& in) {
  return std::make_unique<PRelu>(site, op, volume(in) * site.batch);
}
OperatorPtr make_embedding(Site const& site, io::Embedding const& op, Shape const& in, Shape const& out) {
  return std::make_unique<Embedding>(site, op, volume(in) * site.batch, volume(out) * site.batch);
}

}  // namespace sonde::backend::device_ops
