// Recurrent arithmetic: accuracy of the fast functions, and steps by hand.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "backend/functors/recurrent.hpp"
#include "backend/reference/reference_backend.hpp"
#include "op_run.hpp"

namespace sonde::test {
namespace {

namespace functors = backend::functors;

/// Largest error in units of the last place over [low, high].
template <class Fast, class Exact>
double worst_error(float low, float high, Fast fast, Exact exact) {
  double worst = 0;
  constexpr int count = 1 << 20;
  for (int i = 0; i <= count; ++i) {
    float const x = low + (high - low) * (static_cast<float>(i) / count);
    double const wanted = exact(static_cast<double>(x));
    auto const near = static_cast<float>(std::abs(wanted));
    double const unit = double{std::nextafter(near, std::numeric_limits<float>::infinity())} - near;
    worst = std::max(worst, std::abs(fast(x) - wanted) / unit);
  }
  return worst;
}

TEST(RecurrentFunctors, AreAccurateToAFewUnitsInTheLastPlace) {
  auto const logistic = [](auto x) { return functors::logistic(x); };
  auto const tangent = [](auto x) { return functors::hyperbolic_tangent(x); };
  for (float const reach : {0.01F, 1.0F, 10.0F, 80.0F}) {
    EXPECT_LE(worst_error(-reach, reach, logistic, logistic), 3) << reach;
    EXPECT_LE(worst_error(-reach, reach, tangent, tangent), 2) << reach;
  }
}

TEST(RecurrentFunctors, HaveLimits) {
  float const infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  for (float const x : {100.0F, 1e30F, infinity}) {
    EXPECT_EQ(functors::logistic(x), 1);
    EXPECT_EQ(functors::hyperbolic_tangent(x), 1);
    EXPECT_EQ(functors::hyperbolic_tangent(-x), -1);
    EXPECT_LT(functors::logistic(-x), 1e-37F);
  }
  EXPECT_EQ(functors::hyperbolic_tangent(0.0F), 0);
  EXPECT_EQ(functors::logistic(0.0F), 0.5F);
  EXPECT_TRUE(std::isnan(functors::logistic(nan)));
  EXPECT_TRUE(std::isnan(functors::hyperbolic_tangent(nan)));
  EXPECT_TRUE(std::isnan(functors::hyperbolic_tangent(-nan)));
}

Rows run(io::Op const& op, Shape const& in, Rows const& x) {
  OpCase const c{"by hand", op, {in}};
  Rows const none(static_cast<std::size_t>(volume(case_output(c))));
  return run_op(backend::ReferenceBackend{}, c, 1, {x}, none, {x}, {backend::GradientMode::overwrite}).y;
}

io::Weights numbers(Shape const& shape, Rows const& values) {
  auto tensor = std::make_shared<Tensor>(shape);
  std::copy(values.begin(), values.end(), tensor->data.data());
  return tensor;
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

TEST(RecurrentReference, LstmByHand) {
  io::Recurrent op;
  op.weights = numbers({1, 4}, {0.5F, -1, 2, 1});
  Rows const x{0.1F, 0.2F, 0.3F, 0.4F, -0.5F, 0.6F, 0.7F, -0.8F};  // two steps of i, f, g, o
  double const c1 = sigmoid(0.1) * std::tanh(0.3), h1 = sigmoid(0.4) * std::tanh(c1);
  double const f2 = sigmoid(0.6 - h1), i2 = sigmoid(-0.5 + 0.5 * h1), g2 = std::tanh(0.7 + 2 * h1);
  double const c2 = f2 * c1 + i2 * g2, o2 = sigmoid(-0.8 + h1);
  Rows const hidden = run(op, {2, 4}, x);
  EXPECT_NEAR(hidden[0], h1, 1e-6);
  EXPECT_NEAR(hidden[1], o2 * std::tanh(c2), 1e-6);
  op.emit = io::Emit::cell;
  EXPECT_NEAR(run(op, {2, 4}, x)[1], c2, 1e-6);
  op.emit = io::Emit::gates;
  Rows const gates = run(op, {2, 4}, x);
  for (auto const& [at, wanted] : {std::pair{4, i2}, {5, f2}, {6, g2}, {7, o2}}) EXPECT_NEAR(gates[at], wanted, 1e-6);
}

TEST(RecurrentReference, GruByHand) {
  io::Recurrent op;
  op.kind = io::RecurrentKind::gru;
  op.weights = numbers({1, 3}, {0.5F, -1, 2});
  Rows const x{0.1F, 0.2F, 0.3F, 0.4F, -0.5F, 0.6F};  // two steps of z, r, g
  double const h1 = (1 - sigmoid(0.1)) * std::tanh(0.3);
  double const z2 = sigmoid(0.4 + 0.5 * h1), r2 = sigmoid(-0.5 - h1);
  EXPECT_NEAR(run(op, {2, 3}, x)[1], z2 * h1 + (1 - z2) * std::tanh(0.6 + 2 * r2 * h1), 1e-6);
  op.reset_after = true;
  op.bias = numbers({1}, {0.7F});
  double const h1_after = (1 - sigmoid(0.1)) * std::tanh(0.3 + sigmoid(0.2) * 0.7);
  double const z = sigmoid(0.4 + 0.5 * h1_after), r = sigmoid(-0.5 - h1_after);
  EXPECT_NEAR(run(op, {2, 3}, x)[1], z * h1_after + (1 - z) * std::tanh(0.6 + r * (2 * h1_after + 0.7)), 1e-6);
}

TEST(RecurrentReference, BackwardsLeavesOutputsAtTheirStep) {
  io::Recurrent op;
  op.kind = io::RecurrentKind::simple_rnn;
  op.state = {io::Function::identity, 0, 0};
  op.weights = numbers({1, 1}, {10});
  EXPECT_EQ(run(op, {3, 1}, {1, 2, 3}), (Rows{1, 12, 123}));
  op.backwards = true;
  EXPECT_EQ(run(op, {3, 1}, {1, 2, 3}), (Rows{321, 32, 3}));
}

TEST(EmbeddingReference, RoundsIdsAndRefusesToGuess) {
  io::Embedding const op{numbers({2, 2}, {1, 2, 3, 4})};
  EXPECT_EQ(run(op, {2}, {0.9F, -0.2F}), (Rows{3, 4, 1, 2}));
  Rows const outside = run(op, {4}, {2, -1, 1e30F, -std::numeric_limits<float>::infinity()});
  for (float const value : outside) EXPECT_TRUE(std::isnan(value));
}

}  // namespace
}  // namespace sonde::test
