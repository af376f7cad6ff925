// y = a op b, with broadcasting; one of the two may be a constant.
#include <algorithm>

#include "backend/functors/binary.hpp"
#include "backend/reference/index.hpp"
#include "backend/reference/ops.hpp"
#include "backend/reference/sample_op.hpp"

namespace sonde::backend::reference {
namespace {

/// One side of the operation: the element of it that goes into each element of the result, and which input it is.
struct Side {
  std::vector<std::int64_t> at;
  std::int64_t size = 0;  // elements per sample
  int input = 0;          // -1: the constant
};

class Binary : public Operator {
 public:
  Binary(io::Binary const& op, std::vector<Shape> const& inputs, Shape const& out, std::int64_t batch)
      : op_(op), size_(volume(out)), batch_(batch), sum_(static_cast<std::size_t>(size_)) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      sides_.push_back({offsets(out, broadcast_strides(inputs[i])), volume(inputs[i]), static_cast<int>(i)});
    }
    if (op_.constant)
      sides_.insert(op_.constant_first ? sides_.begin() : sides_.end(), {offsets(out, strides(out)), size_, -1});
  }

  void forward(Queue&, std::span<float const* const> x, float* y) override {
    for (std::int64_t n = 0; n < batch_; ++n) {
      float const* const a = data(0, x, n);
      float const* const b = data(1, x, n);
      for (std::int64_t i = 0; i < size_; ++i)
        y[n * size_ + i] = functors::value(op_.function, a[sides_[0].at[i]], b[sides_[1].at[i]]);
    }
  }

  void backward(Queue&, std::span<float const* const> x, float const*, float const* dy, std::span<float* const> dx,
                std::span<GradientMode const> modes) override {
    for (std::int64_t n = 0; n < batch_; ++n) {
      for (int side = 0; side < 2; ++side) {
        Side const& to = sides_[side];
        if (to.input < 0 || modes[to.input] == GradientMode::skip) continue;
        sum_sample(side, data(0, x, n), data(1, x, n), dy + n * size_);
        write_gradient(sum_.span().first(to.size), modes[to.input], dx[to.input] + n * to.size);
      }
    }
  }

 private:
  float const* data(int side, std::span<float const* const> x, std::int64_t n) const {
    Side const& from = sides_[side];
    return from.input < 0 ? op_.constant->data.data() : x[from.input] + n * from.size;
  }

  /// sum_ = gradient to one side of a sample; a broadcast element collects from all the places it went to.
  void sum_sample(int side, float const* a, float const* b, float const* dy) {
    std::ranges::fill(sum_.span(), 0.0);
    for (std::int64_t i = 0; i < size_; ++i) {
      sum_[sides_[side].at[i]] +=
          functors::derivative(op_.function, side, a[sides_[0].at[i]], b[sides_[1].at[i]]) * dy[i];
    }
  }

  io::Binary op_;
  std::int64_t size_, batch_;
  std::vector<Side> sides_;  // two
  Buffer<double> sum_;
};

}  // namespace

OperatorPtr make_binary(io::Binary const& op, std::vector<Shape> const& inputs, Shape const& out, std::int64_t batch) {
  return std::make_unique<Binary>(op, inputs, out, batch);
}

}  // namespace sonde::backend::reference
