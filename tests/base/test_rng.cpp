#include <gtest/gtest.h>

#include <array>
#include <set>
#include <vector>

#include "base/rng.hpp"

namespace {

using sonde::draw;
using sonde::draw_below;
using sonde::DrawKey;
using sonde::Purpose;
using Words = std::array<std::uint32_t, 4>;

// Random123 1.14, tests/kat_vectors, "philox4x32 10": counter, key, result. The counter is (pass, seed index,
// iteration, model + 2^16 purpose), the key the run seed.
TEST(Draw, GivesTheKnownAnswersOfPhilox) {
  EXPECT_EQ(draw(0, Purpose::order, {}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(draw(0xffffffffffffffff, static_cast<Purpose>(0xffff),
                 {.pass = 0xffffffff, .seed_index = 0xffffffff, .iteration = 0xffffffff, .model = 0xffff}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(draw(0x299f31d0a4093822, static_cast<Purpose>(0x0370),
                 {.pass = 0x243f6a88, .seed_index = 0x85a308d3, .iteration = 0x13198a2e, .model = 0x7344}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Draw, DependsOnEveryPartOfItsKey) {
  std::set<Words> const different{draw(1, Purpose::target, {}),
                                  draw(2, Purpose::target, {}),
                                  draw(std::uint64_t{1} << 32, Purpose::target, {}),
                                  draw(1, Purpose::neuron, {}),
                                  draw(1, Purpose::target, {.pass = 1}),
                                  draw(1, Purpose::target, {.seed_index = 1}),
                                  draw(1, Purpose::target, {.iteration = 1}),
                                  draw(1, Purpose::target, {.model = 1})};
  EXPECT_EQ(different.size(), 8U);
}

TEST(DrawBelow, IsTheProductsUpperHalf) {
  // The first two words of the all-zero draw are 6627e8d5 e169c58d.
  EXPECT_EQ(draw_below(0, Purpose::order, {}, std::uint64_t{1} << 32), 0x6627e8d5U);
  EXPECT_EQ(draw_below(0, Purpose::order, {}, std::uint64_t{1} << 63), 0x6627e8d5e169c58dU >> 1);
  EXPECT_EQ(draw_below(0, Purpose::order, {}, 10), 3U);  // 0x6627... / 2^64 = 0.399
}

TEST(DrawBelow, StaysBelowTheBound) {
  for (std::uint64_t bound :
       {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{3}, std::uint64_t{1000003}, ~std::uint64_t{0}}) {
    for (std::uint64_t i = 0; i < 1000; ++i) EXPECT_LT(draw_below(7, Purpose::neuron, {.seed_index = i}, bound), bound);
  }
}

/// Chi-square of `draws` numbers below `bins` against the uniform distribution; `key_of` gives the key of draw i.
double chi_square(std::uint64_t bins, std::uint64_t draws, auto&& key_of) {
  std::vector<double> count(bins);
  for (std::uint64_t i = 0; i < draws; ++i) ++count[draw_below(42, Purpose::patch, key_of(i), bins)];
  double const expected = static_cast<double>(draws) / static_cast<double>(bins);
  double sum = 0;
  for (double n : count) sum += (n - expected) * (n - expected) / expected;
  return sum;
}

TEST(DrawBelow, IsUniformAlongEveryPartOfItsKey) {
  // 99 degrees of freedom: mean 99, standard deviation 14; the 1e-6 quantiles are 44 and 175.
  auto const check = [](auto&& key_of) {
    double const value = chi_square(100, 20000, key_of);
    EXPECT_GT(value, 44);
    EXPECT_LT(value, 175);
  };
  check([](std::uint64_t i) { return DrawKey{.seed_index = i}; });
  check([](std::uint64_t i) { return DrawKey{.iteration = static_cast<std::uint32_t>(i)}; });
  check([](std::uint64_t i) { return DrawKey{.pass = static_cast<std::uint32_t>(i)}; });
  check([](std::uint64_t i) { return DrawKey{.model = static_cast<std::uint32_t>(i)}; });
}

TEST(ChiSquare, SeesABiasedDraw) {
  // The same key again and again: all draws in one bin.
  EXPECT_GT(chi_square(100, 20000, [](std::uint64_t) { return DrawKey{}; }), 175);
}

}  // namespace
