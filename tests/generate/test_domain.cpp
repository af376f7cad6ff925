// The stored domain: units, clipping, levels, whole numbers; what survives being saved.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/check.hpp"
#include "generate/domain.hpp"

namespace sonde::generate {
namespace {

using io::ElementType;

constexpr float infinity = std::numeric_limits<float>::infinity();

io::StoredDomain domain_of_bytes() { return io::domain_of(ElementType::uint8, std::nullopt); }
io::StoredDomain domain_of_floats(double lo, double hi) {
  return io::domain_of(ElementType::float32, io::InputRange{lo, hi});
}

Config of_mode(Mode mode) {
  Config config;
  config.mode = mode;
  return config;
}

/// What is stored of x, the seed being `seed`.
float stored_of(Domain const& domain, float x, float seed) {
  float stored = 0;
  domain.to_stored({&x, 1}, {&seed, 1}, {&stored, 1});
  return stored;
}

FeatureBounds one_feature(float least, float most, bool integer = false, bool only_up = false) {
  return {{least}, {most}, {integer}, {only_up}};
}

TEST(Domain, EveryLevelComesBack) {
  Domain const domain(domain_of_bytes(), {1}, of_mode(Mode::valid), {});
  for (int level = 0; level < 256; ++level) {
    auto const stored = static_cast<float>(level);
    float x = -1;
    domain.to_units({&stored, 1}, {&x, 1});
    EXPECT_FLOAT_EQ(x, stored / 255);
    EXPECT_EQ(stored_of(domain, x, 7), stored) << "level " << level;
    EXPECT_EQ(stored_of(domain, x, stored), stored);
  }
}

TEST(Domain, ValidModeClipsAndRounds) {
  Domain const domain(domain_of_bytes(), {1}, of_mode(Mode::valid), {});
  EXPECT_EQ(stored_of(domain, -3, 9), 0);
  EXPECT_EQ(stored_of(domain, 1.5, 9), 255);
  EXPECT_EQ(stored_of(domain, 100.4F / 255, 9), 100);
  EXPECT_EQ(stored_of(domain, 100.6F / 255, 9), 101);
  EXPECT_EQ(domain.stored_type(), ElementType::uint8);
  EXPECT_EQ(domain.least(), std::vector<float>{0});
  EXPECT_EQ(domain.most(), std::vector<float>{1});
}

TEST(Domain, PublishedModeDoesNeither) {
  Domain const domain(domain_of_bytes(), {1}, of_mode(Mode::published), {});
  EXPECT_FLOAT_EQ(stored_of(domain, -3, 9), -765);
  EXPECT_FLOAT_EQ(stored_of(domain, 0.123F, 9), 0.123F * 255);
  EXPECT_TRUE(domain.least().empty());
  EXPECT_EQ(domain.stored_type(), ElementType::float32);
  EXPECT_EQ(domain.seed_type(), ElementType::uint8);
  float const x = -3, seed = 9;
  float saved = 1;
  domain.to_saved({&x, 1}, {&seed, 1}, {&saved, 1});
  EXPECT_EQ(saved, 0) << "a file of bytes would keep this";
}

TEST(Domain, WhatIsFollowedIsWhatIsStored) {
  Domain const domain(domain_of_bytes(), {3}, of_mode(Mode::published), {});
  std::vector<float> stored{10, 20, 30}, before(3), x(3), again(3);
  domain.to_units(stored, before);
  for (int step = 0; step < 100; ++step) {
    x = before;
    x[0] += 0.123F;
    x[1] -= 1e-3F;
    domain.follow(x, before, stored);
    domain.to_units(stored, again);
    EXPECT_EQ(again, before) << "the models see the stored bytes";
    EXPECT_NEAR(before[0], x[0], 1e-6F * std::abs(x[0]));
    EXPECT_NEAR(before[1], x[1], 1e-6F);
  }
  EXPECT_EQ(stored[2], 30) << "left alone";
  EXPECT_NEAR(stored[0], 10 + 12.3 * 255, 0.05);
}

TEST(Domain, SignedAndShiftedRanges) {
  Domain const domain(io::domain_of(ElementType::int16, io::InputRange{-100, 300}), {1}, of_mode(Mode::valid), {});
  EXPECT_EQ(domain.lo(), -100);
  EXPECT_EQ(domain.range(), 400);
  EXPECT_EQ(stored_of(domain, 0.5F, 0), 100);
  EXPECT_EQ(stored_of(domain, 0.5F + 0.3F / 400, 0), 100);
  EXPECT_EQ(stored_of(domain, -1, 0), -100);
}

TEST(Domain, Levels) {
  Config config = of_mode(Mode::valid);
  config.quantize = 5;
  Domain const floats(domain_of_floats(0, 1), {1}, config, {});
  EXPECT_EQ(stored_of(floats, 0.6F, 0.9F), 0.5F);
  EXPECT_EQ(stored_of(floats, 0.9F, 0.9F), 0.9F) << "a value that the ascent left alone stays";
  Domain const bytes(domain_of_bytes(), {1}, config, {});
  EXPECT_FLOAT_EQ(stored_of(bytes, 0.3F, 1), 63.75F);
  EXPECT_EQ(bytes.stored_type(), ElementType::float32) << "a level between bytes";
  config.quantize = 256;
  EXPECT_EQ(Domain(domain_of_bytes(), {1}, config, {}).stored_type(), ElementType::uint8);
}

TEST(Domain, RoundingKeepsABoundOfTheChange) {
  Config config = of_mode(Mode::valid);
  config.max_linf = 0.1;  // 25.5 levels
  Domain const domain(domain_of_bytes(), {1}, config, {});
  EXPECT_EQ(stored_of(domain, 125.5F / 255, 100), 125);
  EXPECT_EQ(stored_of(domain, 74.5F / 255, 100), 75);
}

TEST(Domain, FeatureBoundsAndWholeNumbers) {
  io::StoredDomain const raw{ElementType::float64, false};
  Domain const domain(raw, {1}, of_mode(Mode::valid), one_feature(-1.5F, 2.5F, true));
  EXPECT_EQ(stored_of(domain, 1.4F, 0), 1);
  EXPECT_EQ(stored_of(domain, 7, 0), 2) << "the largest whole number below the bound";
  EXPECT_EQ(stored_of(domain, -7, 0), -1);
  EXPECT_EQ(stored_of(domain, 0.3F, 0.3F), 0.3F);
  EXPECT_THROW(Domain(raw, {1}, of_mode(Mode::valid), one_feature(0.2F, 0.8F, true)), InputError);
  Domain const fractions(raw, {1}, of_mode(Mode::valid), one_feature(-1.5F, 2.5F));
  EXPECT_EQ(stored_of(fractions, 7, 0), 2.5F);
}

TEST(Domain, WhatMayOnlyGrowNeverFalls) {
  io::StoredDomain const raw{ElementType::float64, false};
  Domain const rounded(raw, {1}, of_mode(Mode::valid), one_feature(-infinity, infinity, true, true));
  EXPECT_EQ(stored_of(rounded, 1.45F, 1.4F), 1.4F) << "rounding would take it down";
  EXPECT_EQ(stored_of(rounded, 1.8F, 1.4F), 2);
  Domain const bounded(raw, {1}, of_mode(Mode::valid), one_feature(-infinity, 5, false, true));
  EXPECT_EQ(stored_of(bounded, 5, 9), 9) << "its bound is below the seed";
}

TEST(Domain, BytesKeepToWholeBounds) {
  Domain const domain(domain_of_bytes(), {1}, of_mode(Mode::valid), one_feature(0.5F, 2.5F));
  EXPECT_EQ(stored_of(domain, 1, 200), 2);
  EXPECT_EQ(stored_of(domain, 0, 200), 1);
}

TEST(Domain, WholeNumbersWithoutARange) {
  io::StoredDomain const whole = io::domain_of(ElementType::int64, std::nullopt);
  Domain const domain(whole, {1}, of_mode(Mode::valid), {});
  EXPECT_EQ(stored_of(domain, 3.7F, 1), 4);
  EXPECT_EQ(stored_of(domain, 1e30F, 1), 1 << 24);
  EXPECT_EQ(stored_of(domain, -infinity, 1), -(1 << 24));
  Domain const counts(io::domain_of(ElementType::uint32, std::nullopt), {1}, of_mode(Mode::valid), {});
  EXPECT_EQ(stored_of(counts, -5, 1), 0);
  Domain const ruled(whole, {1}, of_mode(Mode::valid), one_feature(-infinity, infinity));
  EXPECT_EQ(stored_of(ruled, 3.7F, 1), 4) << "whole by type, whatever the rule says";
}

TEST(Domain, WhatCanBeAFinding) {
  Domain const image(domain_of_bytes(), {1, 3, 1}, of_mode(Mode::valid), {});
  std::vector<float> const seed{1, 2, 3}, other{1, 2, 4}, constant{7, 7, 7};
  EXPECT_TRUE(image.is_valid(other, seed));
  EXPECT_FALSE(image.is_valid(seed, seed));
  EXPECT_FALSE(image.is_valid(constant, seed));
  Domain const table(domain_of_bytes(), {3}, of_mode(Mode::valid), {});
  EXPECT_TRUE(table.is_valid(constant, seed)) << "a row of a table may hold equal values";
}

TEST(Domain, NeedsARangeToKeepTo) {
  io::StoredDomain const raw{ElementType::float32, false};
  EXPECT_THROW(Domain(raw, {4, 4, 1}, of_mode(Mode::valid), {}), InputError);
  EXPECT_NO_THROW(Domain(raw, {4, 4, 1}, of_mode(Mode::published), {}));
  EXPECT_NO_THROW(Domain(raw, {4}, of_mode(Mode::valid), {}));
  Config config = of_mode(Mode::valid);
  config.quantize = 4;
  EXPECT_THROW(Domain(raw, {4}, config, {}), InputError);
}

}  // namespace
}  // namespace sonde::generate
