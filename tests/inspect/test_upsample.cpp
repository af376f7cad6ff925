#include <gtest/gtest.h>

#include <vector>

#include "inspect/upsample.hpp"

namespace sonde::inspect {
namespace {

std::vector<float> upsampled(std::vector<float> const& map, std::int64_t h, std::int64_t w, std::int64_t units,
                             std::int64_t size) {
  std::vector<float> rows(static_cast<std::size_t>(size * size * units), -7);
  upsample(map.data(), h, w, units, size, rows.data());
  return rows;
}

TEST(Upsample, WeighsTheNearestCentres) {
  // Along an axis two pixels become four: at -0.25 (clamped), 0.25, 0.75 and 1.25 (clamped).
  EXPECT_EQ(upsampled({0, 4, 8, 12}, 2, 2, 1, 4),
            (std::vector<float>{0, 1, 3, 4, 2, 3, 5, 6, 6, 7, 9, 10, 8, 9, 11, 12}));
}

TEST(Upsample, KeepsUnitsApart) {
  EXPECT_EQ(upsampled({0, 10, 4, 30}, 1, 2, 2, 2), (std::vector<float>{0, 10, 4, 30, 0, 10, 4, 30}));
  EXPECT_EQ(upsampled({0, 10, 4, 30}, 2, 1, 2, 2), (std::vector<float>{0, 10, 0, 10, 4, 30, 4, 30}));
}

TEST(Upsample, OfOnePixelIsConstantAndOfTheSameSizeACopy) {
  EXPECT_EQ(upsampled({3}, 1, 1, 1, 3), std::vector<float>(9, 3));
  EXPECT_EQ(upsampled({1, 2, 3, 4}, 2, 2, 1, 2), (std::vector<float>{1, 2, 3, 4}));
}

TEST(Upsample, SamplesALargerMap) {
  // Four pixels become two: at 0.5 and 2.5, between two each.
  EXPECT_EQ(upsampled({0, 2, 4, 8, 0, 2, 4, 8, 0, 2, 4, 8, 0, 2, 4, 8}, 4, 4, 1, 2), (std::vector<float>{1, 6, 1, 6}));
}

}  // namespace
}  // namespace sonde::inspect
