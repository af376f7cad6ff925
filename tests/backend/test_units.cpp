// Unit values and their gradient, by hand, for every backend.
#include <gtest/gtest.h>

#include <cmath>

#include "backend/mirrored.hpp"
#include "backends.hpp"
#include "op_run.hpp"

namespace sonde::test {
namespace {

using backend::UnitPick;
using backend::UnitReduction;

class Units : public testing::TestWithParam<std::string> {
 protected:
  Rows values(Shape const& shape, std::int64_t batch, Rows const& rows, UnitReduction reduction) const {
    auto const tested = make_test_backend(GetParam());
    auto const queue = tested->make_queue();
    Buffer<float> tensor(tested->tensor_size(shape, batch), tested->memory());
    Buffer<float> const there(rows, tested->memory());
    tested->load(*queue, there.data(), shape, batch, tensor.data());
    backend::Mirrored<float> result(static_cast<std::size_t>(batch * unit_count(shape)), tested->memory());
    tested->unit_values(*queue, tensor.data(), shape, batch, reduction, result.device());
    result.fetch(*queue);
    return {result.host().begin(), result.host().end()};
  }
};

// Two samples of two positions and three units; the second sample is constant.
Shape const shape{1, 2, 3};
Rows const rows{0, 1, 2, 4, 3, -4, 5, 5, 5, 5, 5, 5};

TEST_P(Units, MeanIsOverPositions) {
  EXPECT_EQ(values(shape, 2, rows, UnitReduction::mean), (Rows{2, 2, -1, 5, 5, 5}));
}

TEST_P(Units, MaximumIsOverPositions) {
  EXPECT_EQ(values(shape, 2, rows, UnitReduction::maximum), (Rows{4, 3, 2, 5, 5, 5}));
}

TEST_P(Units, ScaledMeanUsesTheRangeOfTheWholeLayer) {
  Rows const result = values(shape, 2, rows, UnitReduction::scaled_mean);
  EXPECT_FLOAT_EQ(result[0], 0.75F);  // (2 - -4) / 8
  EXPECT_FLOAT_EQ(result[1], 0.75F);
  EXPECT_FLOAT_EQ(result[2], 0.375F);
  for (int i = 3; i < 6; ++i) EXPECT_TRUE(std::isnan(result[i])) << "a constant layer has no scale";
}

TEST_P(Units, DenseUnitsAreTheirOwnMean) {
  EXPECT_EQ(values({3}, 1, {1, -2, 3}, UnitReduction::mean), (Rows{1, -2, 3}));
}

TEST_P(Units, GradientGoesToThePickedUnitOfThePickedLayer) {
  auto const tested = make_test_backend(GetParam());
  auto const queue = tested->make_queue();
  std::int64_t const batch = 5;
  Rows const before(static_cast<std::size_t>(batch * volume(shape)), 1);
  Buffer<float> tensor(tested->tensor_size(shape, batch), tested->memory());
  Buffer<float> const there(before, tested->memory());
  tested->load(*queue, there.data(), shape, batch, tensor.data());
  std::vector<UnitPick> const list{{7, 2, 4}, {6, 2, 4}, {-1, 0, 0}, {7, 0, -1}, {7, 1, 0}};
  Buffer<UnitPick> const picks(list, tested->memory());
  tested->add_unit_gradient(*queue, picks.data(), 7, shape, batch, tensor.data());
  backend::Mirrored<float> result(before.size(), tested->memory());
  tested->store(*queue, tensor.data(), shape, batch, result.device());
  result.fetch(*queue);
  Rows const after(result.host().begin(), result.host().end());
  Rows expected = before;
  expected[2] = expected[5] = 3;       // sample 0, unit 2: 1 + 4 / 2 positions
  expected[18] = expected[21] = 0.5F;  // sample 3, unit 0: 1 - 1 / 2
  EXPECT_EQ(after, expected);
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Units);  // a build for GPUs, where there is none
INSTANTIATE_TEST_SUITE_P(Backends, Units, testing::ValuesIn(backend_names()),
                         [](auto const& test) { return test_name(test.param); });

}  // namespace
}  // namespace sonde::test
