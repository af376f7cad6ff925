// Maximum or average over windows.
#include "backend/cuda/ops/device_op.hpp"
#include "backend/cuda/ops/images.hpp"
#include "backend/cuda/ops/ops.hpp"

namespace sonde::backend::device_ops {
namespace {

class Pool final : public UnaryOp {
 public:
  Pool(io::Pool const& op, Shape const& in, Shape const& out, std::int64_t batch)
      : op_(op), images_(images(in, out, op.window)), inputs_(volume(in) * batch), outputs_(volume(out) * batch) {}

 private:
  void run(DeviceQueue& queue, float const* x, float* y) override {
    if (op_.kind == io::PoolKind::max) {
      kernels::launch(queue, outputs_, kernels::MaxPoolForward{images_, x, y});
    } else {
      kernels::launch(queue, outputs_, kernels::AveragePoolForward{images_, op_.count_padding, x, y});
    }
  }

  void gradient(DeviceQueue& queue, float const* x, float const* y, float const* dy, float* dx, bool add) override {
    if (op_.kind == io::PoolKind::max) {
      kernels::launch(queue, inputs_, kernels::MaxPoolBackward{images_, x, y, dy, dx, add});
    } else {
      kernels::launch(queue, inputs_, kernels::AveragePoolBackward{images_, op_.count_padding, dy, dx, add});
    }
  }

  io::Pool op_;
  kernels::Images images_;
  std::int64_t inputs_, outputs_;
};

}  // namespace

OperatorPtr make_pool(Site const& site, io::Pool const& op, Shape const& in, Shape const& out) {
  return std::make_unique<Pool>(op, in, out, site.batch);
}

}  // namespace sonde::backend::device_ops
