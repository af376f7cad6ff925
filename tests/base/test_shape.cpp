#include <gtest/gtest.h>

#include <limits>

#include "base/check.hpp"
#include "base/shape.hpp"

namespace {

using sonde::Shape;

TEST(Shape, VolumeIsTheProductOfTheExtents) {
  EXPECT_EQ(sonde::volume({28, 28, 1}), 784);
  EXPECT_EQ(sonde::volume({}), 1);
  EXPECT_EQ(sonde::volume({5, 0, 7}), 0);
  EXPECT_EQ(sonde::volume({std::int64_t{1} << 40}), std::int64_t{1} << 40);
}

TEST(Shape, RefusesHostileExtents) {
  constexpr auto largest = std::numeric_limits<std::int64_t>::max();
  EXPECT_THROW(sonde::volume({-1}), sonde::InputError);
  EXPECT_THROW(sonde::volume({std::numeric_limits<std::int64_t>::min()}), sonde::InputError);
  EXPECT_THROW(sonde::volume({(std::int64_t{1} << 40) + 1}), sonde::InputError);
  EXPECT_THROW(sonde::volume({largest, largest}), sonde::InputError);
  EXPECT_THROW(sonde::volume({std::int64_t{1} << 32, std::int64_t{1} << 32}), sonde::InputError);  // 2^64 wraps to 0
  EXPECT_THROW(sonde::volume({0, -3}), sonde::InputError);
}

TEST(Shape, TextJoinsTheExtents) {
  EXPECT_EQ(sonde::to_string(Shape{28, 28, 1}), "28x28x1");
  EXPECT_EQ(sonde::to_string(Shape{10}), "10");
  EXPECT_EQ(sonde::to_string(Shape{}), "scalar");
}

TEST(Shape, UnitsAreTheLastExtent) {
  EXPECT_EQ(sonde::unit_count({14, 14, 12}), 12);
  EXPECT_EQ(sonde::unit_count({84}), 84);
  EXPECT_EQ(sonde::unit_count({}), 1);
}

}  // namespace
