// y = f(x W + b) over the last axis, one matrix product for all rows
#include "backend/cuda/ops/bias_activation.hpp"

namespace sonde::backend::device_ops {
namespace {

class Dense final : public UnaryOp {
 public:
  Dense(Site const& site, io::Dense const& op, io::Activation const& fused, Shape const& in, Shape const& out)
      : rows_(volume(in) / in.back() * site.batch),
        inputs_(in.back()),
        units_(out.back()),
        weights_(site.weights.get(op.weights)),
        after_(site, fused, op.bias, units_, rows_ * units_) {}

 private:
  void run(DeviceQueue& queue, float const* x, float* y) override {
    queue.multiply({.rows = rows_,
                    .columns = units_,
                    .inner = inputs_,
                    .a = x,
                    .stride_a = inputs_,
                    .b = weights_->data(),
                    .stride_b = units_,
                    .c = y,
                    .stride_c = units_});
    after_.run(queue, y);
  }

  void gradient(DeviceQueue& queue, float const*, float const* y, float const* dy, float* dx, bool add) override {
    auto* const scratch = static_cast<float*>(queue.workspace(after_.scratch()));
    float const* const dz = after_.gradient(queue, y, dy, scratch);
    queue.multiply({.rows = rows_,
                    .columns = inputs_,
                    .inner = units_,
                    .a = dz,
                    .stride_a = units_,
                    .b = weights_->data(),
                    .stride_b = units_,
                    .transposed = true,
                    .add = add,
                    .c = dx,
                    .stride_c = inputs_});
  }

  std::int64_t rows_, inputs_, units_;
  WeightStore::Array weights_;  // (inputs, units)
  BiasActivation after_;
};

}  // namespace

OperatorPtr make_dense(Site const& site, io::Dense const& op, io::Activation const& fused, Shape const& in,
                       Shape const& out) {
  return std::make_unique<Dense>(site, op, fused, in, out);
}

}  // namespace sonde::backend::device_ops
