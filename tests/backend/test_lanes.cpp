// What the lanes backend promises beyond agreeing with the reference.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "backend/cpu/lanes/lanes_backend.hpp"
#include "backend/reference/reference_backend.hpp"
#include "op_run.hpp"

namespace sonde::test {
namespace {

using backend::GradientMode;
using backend::LanesBackend;

io::Weights weights(Shape const& shape) {
  auto tensor = std::make_shared<Tensor>(shape);
  Rows const values = spread(volume(shape), -1, 1, 7);
  std::ranges::copy(values, tensor->data.data());
  return tensor;
}

OpCase conv_case(std::string name, Shape const& in, std::int64_t window, std::int64_t stride, std::int64_t outputs) {
  io::Conv2d op;
  std::int64_t const rim = window / 2;
  op.window = {window, window, stride, stride, 1, 1, rim, rim, rim, rim};
  op.weights = weights({window, window, in[2], outputs});
  op.bias = weights({outputs});
  return {.name = std::move(name), .op = op, .inputs = {in}, .fused = {io::Function::relu}};
}

/// The convolutions of the models the kernels are made for, and shapes wide enough to be worked on in strips.
std::vector<OpCase> convolutions() {
  return {conv_case("lenet first", {28, 28, 1}, 5, 1, 6),
          conv_case("lenet second", {14, 14, 6}, 5, 1, 16),
          conv_case("strips of one channel", {9, 61, 12}, 5, 1, 1),
          conv_case("strips of 16 channels", {6, 70, 7}, 3, 1, 16),
          conv_case("stride 2", {33, 47, 8}, 3, 2, 9),
          conv_case("stride 3 of 1", {16, 16, 5}, 1, 3, 7)};
}

OpResult run(backend::Backend const& tested, OpCase const& c, std::int64_t batch, std::vector<Rows> const& x,
             Rows const& dy) {
  std::vector<GradientMode> const modes(c.inputs.size(), GradientMode::overwrite);
  return run_op(tested, c, batch, x, dy, x, modes);
}

/// Sample n of rows of `size`.
Rows sample(Rows const& rows, std::int64_t n, std::int64_t size) {
  return {rows.begin() + n * size, rows.begin() + (n + 1) * size};
}

/// Values agree to 2e-6 of the largest.
void expect_near(Rows const& actual, Rows const& expected, std::string const& what) {
  float largest = 0;
  for (float const value : expected) largest = std::max(largest, std::abs(value));
  for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(actual[i], expected[i], 2e-6F * largest) << what;
}

bool same_bits(Rows const& a, Rows const& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

class LanesIsa : public testing::TestWithParam<CpuIsa> {
 protected:
  void SetUp() override {
    if (GetParam() > usable_isa()) GTEST_SKIP() << "this processor has no " << to_string(GetParam());
  }
};

TEST_P(LanesIsa, ConvolutionsOfManyShapesAgreeWithTheReference) {
  for (OpCase const& c : convolutions()) {
    std::int64_t const batch = 18;
    std::vector<Rows> const x = case_inputs(c, batch);
    Rows const dy = case_gradient(c, batch);
    OpResult const actual = run(LanesBackend(GetParam()), c, batch, x, dy);
    OpResult const expected = run(backend::ReferenceBackend(), c, batch, x, dy);
    expect_near(actual.y, expected.y, c.name + ": output");
    expect_near(actual.dx[0], expected.dx[0], c.name + ": gradient");
  }
}

TEST_P(LanesIsa, BitsOfASampleDependOnNothingElse) {
  LanesBackend const tested(GetParam());
  std::int64_t const batch = 21;
  std::vector<OpCase> cases = op_cases();
  for (OpCase& c : convolutions()) cases.push_back(std::move(c));
  for (OpCase const& c : cases) {
    if (!tested.supports(c.op, c.inputs)) continue;
    std::vector<Rows> const x = case_inputs(c, batch);
    Rows const dy = case_gradient(c, batch);
    OpResult const together = run(tested, c, batch, x, dy);
    std::int64_t const out = volume(case_output(c));
    for (std::int64_t const n : {0, 6, 20}) {
      std::vector<Rows> one;
      for (std::size_t i = 0; i < x.size(); ++i) one.push_back(sample(x[i], n, volume(c.inputs[i])));
      OpResult const alone = run(tested, c, 1, one, sample(dy, n, out));
      EXPECT_TRUE(same_bits(alone.y, sample(together.y, n, out))) << c.name << ": output of sample " << n;
      for (std::size_t i = 0; i < x.size(); ++i) {
        EXPECT_TRUE(same_bits(alone.dx[i], sample(together.dx[i], n, volume(c.inputs[i]))))
            << c.name << ": gradient " << n;
      }
    }
  }
}

TEST_P(LanesIsa, AnInfinityStaysInItsSample) {
  LanesBackend const tested(GetParam());
  OpCase const c = conv_case("infinity", {5, 5, 3}, 3, 1, 4);
  std::vector<Rows> x = case_inputs(c, 4);
  Rows const dy = case_gradient(c, 4);
  OpResult const clean = run(tested, c, 4, x, dy);
  std::fill_n(x[0].begin() + 75, 75, std::numeric_limits<float>::infinity());  // sample 1
  OpResult const dirty = run(tested, c, 4, x, dy);
  for (std::int64_t const n : {0, 2, 3}) {
    EXPECT_TRUE(same_bits(sample(clean.y, n, 100), sample(dirty.y, n, 100)));
    EXPECT_TRUE(same_bits(sample(clean.dx[0], n, 75), sample(dirty.dx[0], n, 75)));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Isa, LanesIsa, testing::Values(CpuIsa::base, CpuIsa::avx2, CpuIsa::avx512), [](auto const& isa) {
      return std::string(isa.param == CpuIsa::base ? "base" : isa.param == CpuIsa::avx2 ? "avx2" : "avx512");
    });

TEST(Lanes, LanesWithoutASampleAreZero) {
  LanesBackend const tested;
  backend::Queue queue;
  Shape const shape{3, 2};
  Rows const rows = spread(volume(shape) * 17, 1, 2, 1);
  Buffer<float> tensor(tested.tensor_size(shape, 17));
  ASSERT_EQ(tensor.size(), 2U * 16U * 6U);
  std::ranges::fill(tensor.span(), -1.0F);
  tested.load(queue, rows.data(), shape, 17, tensor.data());
  for (std::size_t i = 96; i < tensor.size(); ++i) EXPECT_EQ(tensor[i], i % 16 == 0 ? rows[96 + (i - 96) / 16] : 0.0F);
}

TEST(Lanes, NothingIsAllocatedByAPass) {
  LanesBackend const tested;
  backend::Queue queue;
  for (OpCase const& c : convolutions()) {
    Shape const out = case_output(c);
    auto const op = tested.plan(c.op, {io::Function::tanh}, c.inputs, out, 16);
    Buffer<float> x(tested.tensor_size(c.inputs[0], 16)), y(tested.tensor_size(out, 16));
    float const* const from = x.data();
    float* const to = x.data();
    GradientMode const mode = GradientMode::accumulate;
    auto const before = buffer_allocations().load();
    op->forward(queue, {&from, 1}, y.data());
    op->backward(queue, {&from, 1}, y.data(), y.data(), {&to, 1}, {&mode, 1});
    EXPECT_EQ(buffer_allocations().load(), before) << c.name;
  }
}

// A runner sends all blocks of a batch forward before it takes the first one back.
TEST(Lanes, GradientsDoNotDependOnOtherBlocksInBetween) {
  LanesBackend const tested;
  backend::Queue queue;
  OpCase const c = conv_case("tanh", {5, 6, 2}, 3, 1, 4);
  Shape const out = io::infer_shape(c.op, c.inputs, "test");
  auto const op = tested.plan(c.op, {io::Function::tanh}, c.inputs, out, 16);
  std::size_t const in_size = tested.tensor_size(c.inputs[0], 16), out_size = tested.tensor_size(out, 16);
  auto const count = [](std::size_t size) { return static_cast<std::int64_t>(size); };
  Rows const x = spread(count(in_size), -1, 1, 3), other = spread(count(in_size), -1, 1, 5);
  Rows const dy = spread(count(out_size), -1, 1, 9);
  Rows y(out_size), other_y(out_size), expected(in_size), dx(in_size);
  auto const forward = [&](Rows const& from, Rows& to) {
    float const* const pointer = from.data();
    op->forward(queue, {&pointer, 1}, to.data());
  };
  auto const backward = [&](Rows& to) {
    float const* const pointer = x.data();
    float* const gradient = to.data();
    GradientMode const mode = GradientMode::overwrite;
    op->backward(queue, {&pointer, 1}, y.data(), dy.data(), {&gradient, 1}, {&mode, 1});
  };
  forward(x, y);
  backward(expected);
  forward(other, other_y);
  backward(dx);
  EXPECT_EQ(dx, expected);
}

TEST(Lanes, MeansOverManyPositionsAreAccurate) {
  LanesBackend const tested;
  backend::Queue queue;
  Shape const shape{28, 28, 2};
  Rows const rows = spread(volume(shape), 100, 101, 3);
  Buffer<float> tensor(tested.tensor_size(shape, 1));
  tested.load(queue, rows.data(), shape, 1, tensor.data());
  float values[2];
  tested.unit_values(queue, tensor.data(), shape, 1, backend::UnitReduction::scaled_mean, values);
  double low = 1e9, high = 0, sum[2] = {};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    low = std::min<double>(low, rows[i]);
    high = std::max<double>(high, rows[i]);
    sum[i % 2] += rows[i];
  }
  for (int unit = 0; unit < 2; ++unit) EXPECT_NEAR(values[unit], (sum[unit] / 784 - low) / (high - low), 1e-6);
}

}  // namespace
}  // namespace sonde::test
