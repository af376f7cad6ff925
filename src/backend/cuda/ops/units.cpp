// Ops over the units of a row: softmax and local response normalisation.
#include "backend/cuda/kernels/units.hpp"

#include "backend/cuda/ops/device_op.hpp"
#include "backend/cuda/ops/ops.hpp"

namespace sonde::backend::device_ops {
namespace {

class Softmax final : public UnaryOp {
 public:
  Softmax(io::Softmax const& op, Shape const& in, std::int64_t batch)
      : log_(op.log), units_(unit_count(in)), rows_(volume(in) / units_ * batch) {}

 private:
  void run(DeviceQueue& queue, float const* x, float* y) override {
    kernels::launch_rows(queue, units_, kernels::SoftmaxForward{log_, rows_, units_, x, y});
  }
  void gradient(DeviceQueue& queue, float const*, float const* y, float const* dy, float* dx, bool add) override {
    kernels::launch_rows(queue, units_, kernels::SoftmaxBackward{log_, rows_, units_, y, dy, dx, add});
  }

  bool log_;
  std::int64_t units_, rows_;
};

class Lrn final : public UnaryOp {
 public:
  Lrn(io::Lrn const& op, Shape const& in, std::int64_t batch)
      : shape_{op.size, unit_count(in), op.alpha, op.beta, op.bias}, size_(volume(in) * batch) {}

 private:
  void run(DeviceQueue& queue, float const* x, float* y) override {
    kernels::launch(queue, size_, kernels::LrnForward{shape_, x, y});
  }
  void gradient(DeviceQueue& queue, float const* x, float const*, float const* dy, float* dx, bool add) override {
    kernels::launch(queue, size_, kernels::LrnBackward{shape_, x, dy, dx, add});
  }

  kernels::LrnShape shape_;
  std::int64_t size_;
};

}  // namespace

OperatorPtr make_softmax(Site const& site, io::Softmax const& op, Shape const& in) {
  return std::make_unique<Softmax>(op, in, site.batch);
}
OperatorPtr make_lrn(Site const& site, io::Lrn const& op, Shape const& in) {
  return std::make_unique<Lrn>(op, in, site.batch);
}

}  // namespace sonde::backend::device_ops
