// Elementwise functions: values by hand, and what happens at kinks and at the ends of the number range.
#include <gtest/gtest.h>

#include <cmath>

#include "backend/functors/functions.hpp"

namespace sonde::backend::functors {
namespace {

float value(io::Activation const& a, float x) {
  return with_function(a, [x](auto f) { return f.value(x); });
}
float derivative(io::Activation const& a, float x) {
  return with_function(a, [x](auto f) { return f.derivative(x); });
}

using io::Function;

TEST(Functions, HaveTheValuesOfTheirFormulas) {
  EXPECT_FLOAT_EQ(value({Function::relu_capped, 6, 0}, 7), 6);
  EXPECT_FLOAT_EQ(value({Function::leaky_relu, 0.25F, 0}, -2), -0.5F);
  EXPECT_FLOAT_EQ(value({Function::thresholded_relu, 1, 0}, 1), 0);
  EXPECT_FLOAT_EQ(value({Function::elu, 2, 0}, -1), static_cast<float>(2 * (std::exp(-1.0) - 1)));
  EXPECT_FLOAT_EQ(value({Function::selu, 1.5F, 2}, -1), static_cast<float>(3 * (std::exp(-1.0) - 1)));
  EXPECT_FLOAT_EQ(value({Function::sigmoid, 0, 0}, 1), static_cast<float>(1 / (1 + std::exp(-1.0))));
  EXPECT_FLOAT_EQ(value({Function::hard_sigmoid, 0.2F, 0.5F}, 1), 0.7F);
  EXPECT_FLOAT_EQ(value({Function::softplus, 0, 0}, 0), static_cast<float>(std::log(2.0)));
  EXPECT_FLOAT_EQ(value({Function::softsign, 0, 0}, -3), -0.75F);
  EXPECT_FLOAT_EQ(value({Function::swish, 0, 0}, 2), static_cast<float>(2 / (1 + std::exp(-2.0))));
  EXPECT_FLOAT_EQ(value({Function::hard_swish, 0, 0}, 1.5F), 1.125F);
  EXPECT_FLOAT_EQ(value({Function::gelu, 0, 0}, 1), static_cast<float>(0.5 * (1 + std::erf(std::sqrt(0.5)))));
  EXPECT_FLOAT_EQ(value({Function::clip, -1, 2}, -3), -1);
  EXPECT_FLOAT_EQ(value({Function::power, 3, 0}, -2), -8);
}

TEST(Functions, AreFlatAtTheirKinks) {
  EXPECT_EQ(derivative({Function::relu, 0, 0}, 0), 0);
  EXPECT_EQ(derivative({Function::relu_capped, 6, 0}, 0), 0);
  EXPECT_EQ(derivative({Function::relu_capped, 6, 0}, 6), 0);
  EXPECT_EQ(derivative({Function::leaky_relu, 0.25F, 0}, 0), 0.25F);
  EXPECT_EQ(derivative({Function::abs, 0, 0}, 0), 0);
  EXPECT_EQ(derivative({Function::clip, -1, 2}, 2), 0);
}

TEST(Functions, StayFiniteForLargeArguments) {
  for (float const x : {-200.0F, 200.0F}) {
    for (Function const function :
         {Function::sigmoid, Function::tanh, Function::softplus, Function::swish, Function::gelu, Function::selu}) {
      io::Activation const a{function, 1, 1};
      EXPECT_TRUE(std::isfinite(value(a, x))) << io::to_string(function) << " of " << x;
      EXPECT_TRUE(std::isfinite(derivative(a, x))) << io::to_string(function) << " at " << x;
    }
  }
}

}  // namespace
}  // namespace sonde::backend::functors
