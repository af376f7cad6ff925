// y = a op b, with broadcasting; one of the two may be a constant.
#include "backend/cuda/ops/device_op.hpp"
#include "backend/cuda/ops/ops.hpp"
#include "backend/cuda/ops/readers.hpp"
#include "backend/reference/index.hpp"

namespace sonde::backend::device_ops {
namespace {

/// One side of the operation: which input it is (-1: the constant) and, where it is broadcast, how.
struct Side {
  int input = 0;
  std::int64_t size = 0;  // elements per sample
  WeightStore::Array constant;
  Buffer<std::int32_t> at;  // element that goes into each element of the result; empty: the one of the same number
  ReaderTable readers;
};

class Binary final : public Operator {
 public:
  Binary(Site const& site, io::Binary const& op, std::vector<Shape> const& inputs, Shape const& out)
      : function_(op.function), size_(volume(out)), batch_(site.batch) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      Side side;
      side.input = static_cast<int>(i);
      side.size = volume(inputs[i]);
      if (inputs[i] != out) {
        auto const at = narrow(reference::offsets(out, reference::broadcast_strides(inputs[i])));
        side.readers = ReaderTable(at, side.size, site.memory);
        side.at = Buffer<std::int32_t>(at, site.memory);
      }
      sides_.push_back(std::move(side));
    }
    if (!op.constant) return;
    Side side;
    side.input = -1;
    side.size = size_;
    side.constant = site.weights.get(op.constant);
    sides_.insert(op.constant_first ? sides_.begin() : sides_.end(), std::move(side));
  }

  void forward(Queue& queue, std::span<float const* const> x, float* y) override {
    kernels::launch(queue, size_ * batch_, kernels::BinaryForward{function_, operand(0, x), operand(1, x), size_, y});
  }

  void backward(Queue& queue, std::span<float const* const> x, float const*, float const* dy,
                std::span<float* const> dx, std::span<GradientMode const> modes) override {
    for (int i = 0; i < 2; ++i) {
      Side const& side = sides_[static_cast<std::size_t>(i)];
      if (side.input < 0) continue;
      auto const input = static_cast<std::size_t>(side.input);
      if (modes[input] == GradientMode::skip) continue;
      bool const add = modes[input] == GradientMode::accumulate;
      kernels::launch(queue, side.size * batch_,
                      kernels::BinaryBackward{function_, i, operand(0, x), operand(1, x), size_, side.size,
                                              side.readers.view(), dy, dx[input], add});
    }
  }

 private:
  kernels::Operand operand(std::size_t i, std::span<float const* const> x) const {
    Side const& side = sides_[i];
    if (side.input < 0) return {side.constant->data(), nullptr, 0};
    return {x[static_cast<std::size_t>(side.input)], data_or_null(side.at), side.size};
  }

  io::BinaryFunction function_;
  std::int64_t size_, batch_;
  std::vector<Side> sides_;  // two
};

}  // namespace

OperatorPtr make_binary(Site const& site, io::Binary const& op, std::vector<Shape> const& inputs, Shape const& out) {
  return std::make_unique<Binary>(site, op, inputs, out);
}

}  // namespace sonde::backend::device_ops
