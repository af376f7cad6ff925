// Each constraint on gradients written by hand, and feature files good and bad.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>

#include "base/check.hpp"
#include "generate/constraints/constraint.hpp"
#include "harness/shared_data.hpp"

namespace sonde::generate {
namespace {

using backend::FeatureRule;

/// g of one sample after the constraint, at x, for seed 0 in iteration 1.
std::vector<float> applied(std::string const& text, ConstraintContext const& context, std::vector<float> g,
                           std::vector<float> const& x = {}, std::int64_t seed = 0) {
  auto const constraint = make_constraint(text, context);
  backend::Queue queue;
  backend::LoopState state;
  state.live = 1;
  backend::RowKey const key{.seed = seed, .iteration = 1};
  constraint->apply(backend::RowOps(), queue, &state, &key, x.data(), g.data());
  return g;
}

ConstraintContext image(std::int64_t height, std::int64_t width, std::int64_t channels) {
  return {{height, width, channels}, {}, 1, 0};
}

TEST(Constraint, NoneLeavesTheGradient) {
  std::vector<float> const g{1, -2, 3, 0};
  EXPECT_EQ(applied("none", image(2, 2, 1), g), g);
}

TEST(Constraint, LightIsTheMeanEverywhere) {
  EXPECT_EQ(applied("light", image(2, 2, 1), {1, 2, 3, -2}), (std::vector<float>{1, 1, 1, 1}));
  EXPECT_EQ(applied("light:factor=500", image(1, 1, 2), {1, -2}), (std::vector<float>{-250, -250}));
  EXPECT_EQ(applied("light", image(1, 1, 2), {1, -2}), (std::vector<float>{-100, -100})) << "default in colour";
}

TEST(Constraint, OcclusionKeepsARectangleOfAllChannels) {
  std::vector<float> const g(3 * 4 * 2, 1.0F);
  auto const kept = applied("occlusion:row=1,col=2,height=2,width=1", image(3, 4, 2), g);
  for (std::size_t i = 0; i < g.size(); ++i) {
    std::size_t const row = i / 8, col = i / 2 % 4;
    EXPECT_EQ(kept[i], row >= 1 && col == 2 ? 1 : 0) << row << " " << col;
  }
}

TEST(Constraint, BlackoutDarkensOneSquareWhereTheGradientIsNegative) {
  auto const dark = applied("blackout:size=2", image(5, 6, 3), std::vector<float>(90, -0.25F));
  EXPECT_EQ(std::ranges::count(dark, -1.0F), 2 * 2 * 3);
  EXPECT_EQ(std::ranges::count(dark, 0.0F), 90 - 2 * 2 * 3);
  auto const first = static_cast<std::size_t>(std::ranges::find(dark, -1.0F) - dark.begin());
  for (std::size_t row : {0U, 1U}) {
    for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(dark[first + row * 18 + i], -1);
  }
  auto const bright = applied("blackout:size=2", image(5, 6, 3), std::vector<float>(90, 0.25F));
  EXPECT_EQ(std::ranges::count(bright, 0.0F), 90);
}

TEST(Constraint, BlackoutDrawsBySeed) {
  std::vector<float> const g(28 * 28, -1.0F);
  auto const one = applied("blackout", image(28, 28, 1), g, {}, 3);
  EXPECT_EQ(one, applied("blackout", image(28, 28, 1), g, {}, 3));
  EXPECT_NE(one, applied("blackout", image(28, 28, 1), g, {}, 4));
  EXPECT_EQ(std::ranges::count(one, -1.0F), 36) << "the published 6x6";
}

TEST(Constraint, PublishedSizes) {
  std::vector<float> const small(28 * 28, 1.0F), large(100 * 100, 1.0F);
  EXPECT_EQ(std::ranges::count(applied("occlusion", image(28, 28, 1), small), 1.0F), 100);
  EXPECT_EQ(std::ranges::count(applied("occlusion", image(100, 100, 1), large), 1.0F), 2500);
}

TEST(Constraint, RefusesWhatDoesNotFit) {
  for (char const* text :
       {"rain", "", "occlusion:row=20", "occlusion:width=29", "blackout:size=29", "blackout:count=0", "light:factor=-1",
        "occlusion:row=1,row=2", "occlusion:depth=1", "none:1", "features", "occlusion:row=9223372036854775808"}) {
    EXPECT_THROW(make_constraint(text, image(28, 28, 1)), InputError) << text;
  }
  for (char const* text : {"occlusion", "blackout", "features:none.csv"}) {
    EXPECT_THROW(make_constraint(text, {{5}, {}, 1, 0}), InputError) << text;
  }
  EXPECT_THROW(make_constraint("features:rules.csv", image(28, 28, 1)), InputError) << "rules are for tables";
}

class FeatureFile : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = test::scratch_path("features");
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Constraint> read(std::string const& text) const {
    std::ofstream(folder_ / "rules.csv", std::ios::binary) << text;
    return make_constraint("features:" + (folder_ / "rules.csv").string(), context_);
  }

  ConstraintContext context_{{4}, {"count_a", "count_b", "size", "kind"}, 1, 0};
  std::filesystem::path folder_;
};

TEST_F(FeatureFile, RulesBoundsAndIntegers) {
  auto const constraint = read(
      "name,rule,min,max,integer\r\n# a comment\r\ncount_*,increase,,9,1\r\n\r\n3, add-only\r\nsize,any,-1,1e3\r\n");
  FeatureRule const* rules = constraint->rules();
  EXPECT_EQ(rules[0], FeatureRule::increase);
  EXPECT_EQ(rules[1], FeatureRule::increase);
  EXPECT_EQ(rules[2], FeatureRule::any);
  EXPECT_EQ(rules[3], FeatureRule::add_only) << "by its index";
  FeatureBounds const bounds = constraint->bounds();
  float const infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(bounds.least, (std::vector<float>{-infinity, -infinity, -1, -infinity}));
  EXPECT_EQ(bounds.most, (std::vector<float>{9, 9, 1000, 1})) << "add-only adds one";
  EXPECT_EQ(bounds.integer, (std::vector<std::uint8_t>{1, 1, 0, 0}));
  EXPECT_EQ(bounds.only_up, (std::vector<std::uint8_t>{1, 1, 0, 1}));
}

TEST_F(FeatureFile, WhatIsNotNamedIsFrozenAndLaterLinesWin) {
  auto const constraint = read("*,any,0,1\ncount_a,freeze,5,6\n");
  EXPECT_EQ(constraint->rules()[0], FeatureRule::freeze);
  EXPECT_EQ(constraint->rules()[3], FeatureRule::any);
  EXPECT_EQ(constraint->bounds().least[0], -std::numeric_limits<float>::infinity())
      << "bounds must not move what is frozen";
  EXPECT_EQ(read("size,any\n")->rules()[0], FeatureRule::freeze);
}

TEST_F(FeatureFile, Gradient) {
  read("count_a,increase\ncount_b,increase\nsize,any\nkind,add-only\n");
  std::string const text = "features:" + (folder_ / "rules.csv").string();
  EXPECT_EQ(applied(text, context_, {-1, 2, -3, 0.5F}, {0, 0, 0, 0}), (std::vector<float>{0, 2, -3, 1}));
  EXPECT_EQ(applied(text, context_, {1, 2, 3, 0.5F}, {0, 0, 0, 1}), (std::vector<float>{1, 2, 3, 0})) << "set already";
  EXPECT_EQ(applied(text, context_, {1, 2, 3, -0.5F}, {0, 0, 0, 0}), (std::vector<float>{1, 2, 3, 0}))
      << "never taken back";
}

TEST_F(FeatureFile, HostileFiles) {
  std::string const zeros(100, '\0');
  std::string const long_line = "size,any,1," + std::string(1 << 20, '9') + "\n";
  for (std::string const& text : {std::string(),
                                  std::string("\n\n\n"),
                                  zeros,
                                  std::string("name,rule\n"),
                                  std::string("size\n"),
                                  std::string("size,any,x\n"),
                                  std::string("size,any,2,1\n"),
                                  std::string("size,any,nan\n"),
                                  std::string("size,any,inf\n"),
                                  std::string("size,any,,,yes\n"),
                                  std::string("size,any,,,1,5\n"),
                                  std::string("size,Any\n"),
                                  std::string("speed,any\n"),
                                  std::string("4,any\n"),
                                  std::string("-1,any\n"),
                                  std::string("x*,any\n"),
                                  std::string(",any\nsize,freeze\n"),
                                  std::string("size,freeze\n"),
                                  long_line,
                                  std::string("\xff\xfe s i z e , a n y")}) {
    EXPECT_THROW(read(text), InputError) << text.substr(0, 40);
  }
  EXPECT_THROW(make_constraint("features:" + folder_.string(), context_), InputError) << "a folder";
  std::string const pipe = (folder_ / "pipe.csv").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THROW(make_constraint("features:" + pipe, context_), InputError) << "a pipe, which is not waited for";
}

TEST_F(FeatureFile, UnknownNamesAreAnsweredWithTheKnown) {
  try {
    read("size,any\nspeed,any\n");
    FAIL() << "it was read";
  } catch (InputError const& error) {
    std::string const message = error.what();
    for (char const* text : {"rules.csv, line 2", "'speed'", "count_a, count_b, size, kind"})
      EXPECT_NE(message.find(text), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace sonde::generate
