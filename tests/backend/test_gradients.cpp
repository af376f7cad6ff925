// The reference's gradients against central differences of its forward pass.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "backend/reference/reference_backend.hpp"
#include "backends.hpp"
#include "op_run.hpp"

namespace sonde::test {
namespace {

using backend::GradientMode;

/// sum of dy y
double objective(OpCase const& c, std::int64_t batch, std::vector<Rows> const& x, Rows const& dy) {
  backend::ReferenceBackend const reference;
  backend::Queue queue;
  Shape const output = case_output(c);
  Rows y(dy.size());
  std::vector<float const*> data;
  for (Rows const& rows : x) data.push_back(rows.data());
  reference.plan(c.op, c.fused, c.inputs, output, batch)->forward(queue, data, y.data());
  double sum = 0;
  for (std::size_t i = 0; i < y.size(); ++i) sum += double{dy[i]} * y[i];
  return sum;
}

class Gradients : public testing::TestWithParam<OpCase> {};

TEST_P(Gradients, AreThoseOfFiniteDifferences) {
  OpCase const& c = GetParam();
  std::int64_t const batch = 2;
  std::vector<Rows> x = case_inputs(c, batch);
  Rows const dy = case_gradient(c, batch);
  backend::ReferenceBackend const reference;
  OpResult const result = run_op(reference, c, batch, x, dy, x, std::vector(x.size(), GradientMode::overwrite));

  for (std::size_t input = 0; input < x.size(); ++input) {
    Rows const& gradient = result.dx[input];
    auto const larger = [](float a, float b) { return std::abs(a) < std::abs(b); };
    double const largest = std::abs(*std::ranges::max_element(gradient, larger));
    // Values are (high - low) / count apart: a quarter of it crosses no kink and no other value.
    auto const count = static_cast<float>(gradient.size());
    float const step = std::min(1e-2F, (c.high - c.low) / count / 4);
    std::size_t const stride = gradient.size() / 100 + 1;
    for (std::size_t i = 0; i < gradient.size(); i += stride) {
      float const at = x[input][i];
      x[input][i] = at + step;
      double const up = objective(c, batch, x, dy), x_up = x[input][i];
      x[input][i] = at - step;
      double const down = objective(c, batch, x, dy), x_down = x[input][i];
      x[input][i] = at;
      ASSERT_NEAR(gradient[i], (up - down) / (x_up - x_down), 1e-2 * largest) << "input " << input << ", element " << i;
    }
  }
}

std::vector<OpCase> smooth_cases() {
  std::vector<OpCase> cases;
  std::ranges::copy_if(op_cases(), std::back_inserter(cases), [](OpCase const& c) { return c.smooth; });
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Reference, Gradients, testing::ValuesIn(smooth_cases()),
                         [](auto const& test) { return test_name(test.param.name); });

}  // namespace
}  // namespace sonde::test
