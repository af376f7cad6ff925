// Every op of every backend against the reference.
#include <gtest/gtest.h>

#include <cmath>

#include "backend/reference/reference_backend.hpp"
#include "backends.hpp"
#include "op_run.hpp"

namespace sonde::test {
namespace {

using backend::GradientMode;

/// Rows agree to `tolerance` of the row's largest value.
void expect_close(Rows const& actual, Rows const& expected, std::int64_t batch, float tolerance,
                  std::string const& what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  std::size_t const row = expected.size() / static_cast<std::size_t>(batch);
  for (std::size_t first = 0; first < expected.size(); first += row) {
    float largest = 0;
    for (std::size_t i = first; i < first + row; ++i) {
      if (std::isfinite(expected[i])) largest = std::max(largest, std::abs(expected[i]));
    }
    for (std::size_t i = first; i < first + row; ++i) {
      bool const same = actual[i] == expected[i];  // infinities
      ASSERT_TRUE(same || std::abs(actual[i] - expected[i]) <= tolerance * largest)
          << what << ": element " << i - first << " of sample " << first / row << " is " << actual[i] << " instead of "
          << expected[i];
    }
  }
}

class Ops : public testing::TestWithParam<std::tuple<std::string, OpCase>> {
 protected:
  std::string backend_name() const { return std::get<0>(GetParam()); }
  OpCase const& op_case() const { return std::get<1>(GetParam()); }

  /// Both backends from the same start; returns the tested one's result.
  void compare(std::int64_t batch, std::vector<GradientMode> const& modes) const {
    OpCase const& c = op_case();
    auto const tested = make_test_backend(backend_name());
    std::vector<Rows> const x = case_inputs(c, batch);
    Rows const dy = case_gradient(c, batch);
    std::vector<Rows> start;
    for (Shape const& shape : c.inputs) start.push_back(spread(volume(shape) * batch, -1, 1, 300));
    OpResult const actual = run_op(*tested, c, batch, x, dy, start, modes);
    OpResult const expected = run_op(backend::ReferenceBackend{}, c, batch, x, dy, start, modes);
    bool const rounds = backend_name().ends_with("tf32");
    float const tolerance = rounds ? 1e-2F : 1e-5F;
    std::string const at = "batch " + std::to_string(batch) + ": ";
    expect_close(actual.y, expected.y, batch, tolerance, at + "output");
    if (rounds && !c.smooth) return;  // a sum near 0 may lie on either side of a relu's kink
    for (std::size_t i = 0; i < c.inputs.size(); ++i) {
      expect_close(actual.dx[i], expected.dx[i], batch, tolerance, at + "gradient of input " + std::to_string(i));
    }
  }

  bool supported() const { return make_test_backend(backend_name())->supports(op_case().op, op_case().inputs); }
};

TEST_P(Ops, AgreeWithTheReference) {
  if (!supported()) GTEST_SKIP() << backend_name() << " does not support it";
  for (std::int64_t const batch : op_batches) {
    compare(batch, std::vector(op_case().inputs.size(), GradientMode::overwrite));
    compare(batch, std::vector(op_case().inputs.size(), GradientMode::accumulate));
  }
}

TEST_P(Ops, SkipGradientsThatAreNotWanted) {
  if (!supported()) GTEST_SKIP() << backend_name() << " does not support it";
  std::size_t const inputs = op_case().inputs.size();
  for (std::size_t skipped = 0; skipped < inputs; ++skipped) {
    std::vector<GradientMode> modes(inputs, GradientMode::accumulate);
    modes[skipped] = GradientMode::skip;
    compare(5, modes);
  }
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Ops);  // a build for GPUs, where there is none
INSTANTIATE_TEST_SUITE_P(Backends, Ops,
                         testing::Combine(testing::ValuesIn(backend_names()), testing::ValuesIn(op_cases())),
                         [](auto const& test) {
                           return test_name(std::get<0>(test.param) + " " + std::get<1>(test.param).name);
                         });

}  // namespace
}  // namespace sonde::test
