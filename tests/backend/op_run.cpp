#include "op_run.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "backend/mirrored.hpp"

namespace sonde::test {
namespace {

using backend::Backend;
using backend::GradientMode;
using backend::Queue;

/// A tensor of the backend between two margins of a number that must survive.
class GuardedTensor {
 public:
  GuardedTensor(Backend const& backend, Queue& queue, std::size_t size)
      : queue_(&queue), size_(size), buffer_(size + 2 * margin, backend.memory()) {
    std::ranges::fill(buffer_.host(), mark);
    buffer_.send(queue);
  }

  float* data() { return buffer_.device() + margin; }
  bool intact() {
    buffer_.fetch(*queue_);
    auto const untouched = [](float value) { return value == mark; };
    return std::ranges::all_of(buffer_.host().first(margin), untouched) &&
           std::ranges::all_of(buffer_.host().last(margin), untouched);
  }
  Rows copy() {
    buffer_.fetch(*queue_);
    auto const inner = buffer_.host().subspan(margin, size_);
    return {inner.begin(), inner.end()};
  }

 private:
  static constexpr std::size_t margin = 64;
  static constexpr float mark = -1234.5F;
  Queue* queue_;
  std::size_t size_;
  backend::Mirrored<float> buffer_;
};

GuardedTensor loaded(Backend const& backend, Queue& queue, Rows const& rows, Shape const& shape, std::int64_t batch) {
  GuardedTensor tensor(backend, queue, backend.tensor_size(shape, batch));
  Buffer<float> const there(rows, backend.memory());
  backend.load(queue, there.data(), shape, batch, tensor.data());
  queue.wait();
  return tensor;
}

Rows stored(Backend const& backend, Queue& queue, GuardedTensor& tensor, Shape const& shape, std::int64_t batch) {
  backend::Mirrored<float> rows(static_cast<std::size_t>(volume(shape) * batch), backend.memory());
  backend.store(queue, tensor.data(), shape, batch, rows.device());
  rows.fetch(queue);
  return {rows.host().begin(), rows.host().end()};
}

}  // namespace

OpResult run_op(Backend const& backend, OpCase const& c, std::int64_t batch, std::vector<Rows> const& x, Rows const& dy,
                std::vector<Rows> const& dx, std::vector<GradientMode> const& modes) {
  Shape const output = case_output(c);
  auto const queue = backend.make_queue();
  std::vector<GuardedTensor> x_tensors, dx_tensors;
  std::vector<float const*> x_data;
  std::vector<float*> dx_data;
  for (std::size_t i = 0; i < c.inputs.size(); ++i) {
    x_tensors.push_back(loaded(backend, *queue, x[i], c.inputs[i], batch));
    dx_tensors.push_back(loaded(backend, *queue, dx[i], c.inputs[i], batch));
    x_data.push_back(x_tensors[i].data());
    dx_data.push_back(modes[i] == GradientMode::skip ? nullptr : dx_tensors[i].data());
  }
  GuardedTensor y(backend, *queue, backend.tensor_size(output, batch));
  GuardedTensor dy_tensor = loaded(backend, *queue, dy, output, batch);
  Rows const x_before = x_tensors[0].copy(), dy_before = dy_tensor.copy();

  auto const op = backend.plan(c.op, c.fused, c.inputs, output, batch);
  op->forward(*queue, x_data, y.data());
  op->backward(*queue, x_data, y.data(), dy_tensor.data(), dx_data, modes);

  OpResult result{stored(backend, *queue, y, output, batch), {}};
  EXPECT_TRUE(y.intact()) << "forward writes outside the output";
  EXPECT_EQ(x_tensors[0].copy(), x_before) << "the input is changed";
  EXPECT_EQ(dy_tensor.copy(), dy_before) << "the output's gradient is changed";
  for (std::size_t i = 0; i < c.inputs.size(); ++i) {
    EXPECT_TRUE(x_tensors[i].intact() && dx_tensors[i].intact())
        << "something is written outside input " << i << " or its gradient";
    result.dx.push_back(stored(backend, *queue, dx_tensors[i], c.inputs[i], batch));
  }
  return result;
}

std::vector<Rows> case_inputs(OpCase const& c, std::int64_t batch) {
  std::vector<Rows> x;
  for (std::size_t i = 0; i < c.inputs.size(); ++i) {
    std::int64_t const count = volume(c.inputs[i]) * batch;
    // Half a distance of two values on, so that inputs of one size have no value in common.
    float const shift = static_cast<float>(i) * (c.high - c.low) / static_cast<float>(count) / 2;
    x.push_back(spread(count, c.low + shift, c.high + shift, 100 + i, c.ties));
  }
  return x;
}

Rows case_gradient(OpCase const& c, std::int64_t batch) { return spread(volume(case_output(c)) * batch, -1, 1, 200); }

Shape case_output(OpCase const& c) { return io::infer_shape(c.op, c.inputs, c.name); }

}  // namespace sonde::test
