// What the oneDNN backend promises beyond its numbers.
#include <gtest/gtest.h>

#include <thread>
#include <typeinfo>

#include "backend/cpu/onednn/onednn_backend.hpp"
#include "op_run.hpp"

namespace sonde::test {
namespace {

using backend::GradientMode;
using backend::OneDnnBackend;

OpResult run(OneDnnBackend const& tested, OpCase const& c, std::vector<Rows> const& x, Rows const& dy,
             std::int64_t batch) {
  return run_op(tested, c, batch, x, dy, x, std::vector(x.size(), GradientMode::overwrite));
}

/// Cases the library works on, one of each kind of kernel.
std::vector<OpCase> library_cases() {
  std::vector<OpCase> cases;
  for (OpCase const& c : op_cases()) {
    bool const library = std::holds_alternative<io::Conv2d>(c.op) || std::holds_alternative<io::Dense>(c.op) ||
                         std::holds_alternative<io::Recurrent>(c.op);
    if (library) cases.push_back(c);
  }
  return cases;
}

TEST(OneDnn, BitsDependOnNeitherTheThreadNorItsPlans) {
  for (OpCase const& c : library_cases()) {
    std::int64_t const batch = 32;
    std::vector<Rows> const x = case_inputs(c, batch);
    Rows const dy = case_gradient(c, batch);
    OneDnnBackend const tested;
    OpResult const here = run(tested, c, x, dy, batch);
    OpResult there[2];
    std::thread first([&] { there[0] = run(tested, c, x, dy, batch); });
    std::thread second([&] { there[1] = run(OneDnnBackend(), c, x, dy, batch); });
    first.join();
    second.join();
    for (OpResult const& other : there) {
      EXPECT_EQ(other.y, here.y) << c.name;
      EXPECT_EQ(other.dx, here.dx) << c.name;
    }
  }
}

TEST(OneDnn, BitsOfASampleDoNotDependOnTheOthers) {
  for (OpCase const& c : library_cases()) {
    std::int64_t const batch = 16, kept = 3;
    std::vector<Rows> x = case_inputs(c, batch);
    Rows dy = case_gradient(c, batch);
    OneDnnBackend const tested;
    OpResult const before = run(tested, c, x, dy, batch);
    auto const in = volume(c.inputs[0]), out = volume(case_output(c));
    for (std::int64_t i = 0; i < batch * in; ++i) x[0][i] *= i / in == kept ? 1.0F : 3.5F;
    for (std::int64_t i = 0; i < batch * out; ++i) dy[i] *= i / out == kept ? 1.0F : -0.3F;
    OpResult const after = run(tested, c, x, dy, batch);
    auto const sample = [](Rows const& rows, std::int64_t size) {
      return Rows(rows.begin() + kept * size, rows.begin() + (kept + 1) * size);
    };
    EXPECT_EQ(sample(after.y, out), sample(before.y, out)) << c.name;
    EXPECT_EQ(sample(after.dx[0], in), sample(before.dx[0], in)) << c.name;
  }
}

TEST(OneDnn, AllocatesInTheFirstRunOnly) {
  OneDnnBackend const tested;
  auto const queue = tested.make_queue();
  for (OpCase const& c : library_cases()) {
    std::int64_t const batch = 4;
    std::vector<Rows> const x = case_inputs(c, batch);
    Rows const dy = case_gradient(c, batch);
    Rows y = dy, dx = x[0];
    auto const op = tested.plan(c.op, c.fused, c.inputs, case_output(c), batch);
    float const* const in = x[0].data();
    float* const gradient = dx.data();
    GradientMode const mode = GradientMode::accumulate;
    auto const pass = [&] {
      op->forward(*queue, {&in, 1}, y.data());
      op->backward(*queue, {&in, 1}, y.data(), dy.data(), {&gradient, 1}, {&mode, 1});
    };
    pass();
    std::int64_t const before = buffer_allocations();
    pass();
    EXPECT_EQ(buffer_allocations(), before) << c.name;
  }
}

TEST(OneDnn, RefusesTheQueueOfAnotherBackend) {
  OpCase const c = library_cases().front();
  std::vector<Rows> const x = case_inputs(c, 1);
  Rows y(static_cast<std::size_t>(volume(case_output(c))));
  backend::Queue other;
  float const* const in = x[0].data();
  auto const op = OneDnnBackend().plan(c.op, c.fused, c.inputs, case_output(c), 1);
  EXPECT_THROW(op->forward(other, {&in, 1}, y.data()), std::bad_cast);
}

}  // namespace
}  // namespace sonde::test
