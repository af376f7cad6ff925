// Labels, disagreement and where gradients start, by hand.
#include <gtest/gtest.h>

#include <limits>

#include "base/check.hpp"
#include "generate/objective.hpp"
#include "generate/tiny.hpp"

namespace sonde::generate {
namespace {

using test::Answer;
using test::tiny_network;

Networks pair_of(std::int64_t outputs, Answer answer) {
  std::vector<float> const kernel(static_cast<std::size_t>(2 * outputs), 0.5F);
  return {tiny_network("a", kernel, outputs, answer), tiny_network("b", kernel, outputs, answer),
          tiny_network("c", kernel, outputs, answer)};
}

/// Whether models of these outputs disagree.
bool disagree(Objective const& objective, std::vector<std::vector<float>> const& outputs) {
  std::vector<Output> const spans(outputs.begin(), outputs.end());
  return objective.disagree(spans);
}

double margin(Objective const& objective, std::vector<std::vector<float>> const& outputs) {
  std::vector<Output> const spans(outputs.begin(), outputs.end());
  return objective.margin(spans);
}

TEST(Objective, ClassesStartAtTheAgreedLabel) {
  Config config;
  config.lambda1 = 2.5;
  Objective const objective(pair_of(3, Answer::softmax), config);
  EXPECT_EQ(objective.task(), nn::Task::classes);
  backend::UnitPick const target = objective.start(1, 2, 1), other = objective.start(0, 2, 1);
  EXPECT_EQ(target.layer, 0);  // takes part
  EXPECT_EQ(target.unit, 2);
  EXPECT_FLOAT_EQ(target.weight, -2.5F);
  EXPECT_EQ(other.unit, 2);
  EXPECT_FLOAT_EQ(other.weight, 1);
}

TEST(Objective, LogitOrProbability) {
  auto const networks = pair_of(3, Answer::softmax);
  Config config;
  EXPECT_EQ(Objective(networks, config).node(0), networks[0]->logit_node());
  config.objective = ObjectiveKind::probability;
  EXPECT_EQ(Objective(networks, config).node(0), networks[0]->file().output);
  EXPECT_NE(networks[0]->file().output, networks[0]->logit_node());
}

TEST(Objective, ClassesDisagreeByLabel) {
  Objective const objective(pair_of(3, Answer::softmax), {});
  EXPECT_FALSE(disagree(objective, {{0.1F, 0.8F, 0.1F}, {0.3F, 0.4F, 0.3F}, {0, 1, 0}}));
  EXPECT_TRUE(disagree(objective, {{0.1F, 0.8F, 0.1F}, {0.3F, 0.3F, 0.4F}, {0, 1, 0}}));
  EXPECT_EQ(objective.label(std::vector<float>{0.4F, 0.4F, 0.2F}), 0) << "the first of equals";
  EXPECT_NEAR(margin(objective, {{0.1F, 0.8F, 0.1F}, {0.3F, 0.4F, 0.3F}, {0, 1, 0}}), 0.1, 1e-6);
  EXPECT_EQ(margin(objective, {{0.4F, 0.4F, 0.2F}, {0, 1, 0}, {0, 1, 0}}), 0);
}

TEST(Objective, ConfidenceIsAProbability) {
  Objective const probabilities(pair_of(3, Answer::softmax), {});
  EXPECT_FLOAT_EQ(static_cast<float>(probabilities.confidence(0, std::vector<float>{0.1F, 0.7F, 0.2F})), 0.7F);
  Objective const logits(pair_of(3, Answer::linear), {});
  // e^2 / (e^2 + e^1 + e^0)
  EXPECT_NEAR(logits.confidence(0, std::vector<float>{1, 2, 0}), 0.66524096, 1e-7);
  EXPECT_DOUBLE_EQ(logits.confidence(0, std::vector<float>{1000, 0, 0}), 1) << "exponentials overflow";
}

TEST(Objective, BinaryHasOneOutput) {
  Objective const objective(pair_of(1, Answer::sigmoid), {});
  ASSERT_EQ(objective.task(), nn::Task::binary);
  EXPECT_EQ(objective.label(std::vector<float>{0.5F}), 0);
  EXPECT_EQ(objective.label(std::vector<float>{0.51F}), 1);
  EXPECT_FLOAT_EQ(static_cast<float>(objective.confidence(0, std::vector<float>{0.75F})), 0.75F);
  EXPECT_FLOAT_EQ(static_cast<float>(objective.confidence(0, std::vector<float>{0.25F})), 0.75F);
  EXPECT_TRUE(disagree(objective, {{0.4F}, {0.6F}, {0.6F}}));
  EXPECT_FALSE(disagree(objective, {{0.9F}, {0.6F}, {0.51F}}));
  // The confidence in class 0 is one minus the output: lowering it raises the output.
  EXPECT_FLOAT_EQ(objective.start(0, 1, 0).weight, -1);
  EXPECT_FLOAT_EQ(objective.start(0, 0, 0).weight, 1);
  EXPECT_FLOAT_EQ(objective.start(1, 0, 0).weight, -1);
  EXPECT_EQ(objective.start(1, 1, 0).unit, 0);
}

// Pei et al., Driving/gen_diff.py: some pair further apart than 0.2 and not all of strictly the same sign.
TEST(Objective, RegressionRule) {
  Config config;
  config.divergence = 0.2;
  Objective const objective(pair_of(1, Answer::linear), config);
  ASSERT_EQ(objective.task(), nn::Task::regression);
  EXPECT_TRUE(disagree(objective, {{-0.15F}, {0.1F}, {0.05F}}));
  EXPECT_FALSE(disagree(objective, {{-0.05F}, {0.1F}, {0.05F}})) << "too near";
  EXPECT_FALSE(disagree(objective, {{0.1F}, {0.9F}, {0.5F}})) << "all turn right";
  EXPECT_FALSE(disagree(objective, {{-0.1F}, {-0.9F}, {-0.5F}})) << "all turn left";
  EXPECT_TRUE(disagree(objective, {{0.0F}, {0.9F}, {0.5F}})) << "zero has neither sign";
  EXPECT_FLOAT_EQ(objective.start(2, 0, 2).weight, -1);
  EXPECT_FLOAT_EQ(objective.start(1, 0, 2).weight, 1);
  EXPECT_NEAR(margin(objective, {{-0.25F}, {0.1F}, {0.05F}}), 0.1 / 0.25, 1e-6);
}

TEST(Objective, OverflowShowsNothing) {
  Objective const objective(pair_of(2, Answer::softmax), {});
  float const nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  EXPECT_FALSE(disagree(objective, {{nan, nan}, {0, 1}, {1, 0}}));
  EXPECT_FALSE(disagree(objective, {{0, 1}, {infinity, 0}, {1, 0}}));
}

TEST(Objective, RefusesModelsThatCannotBeCompared) {
  std::vector<float> const kernel(6, 1.0F);
  Networks const one{tiny_network("a", kernel, 3)};
  EXPECT_THROW(Objective(one, {}), InputError);
  EXPECT_THROW(Objective(Networks{}, {}), InputError);
  EXPECT_THROW(Objective({tiny_network("a", kernel, 3), tiny_network("b", kernel, 2)}, {}), InputError);
  EXPECT_THROW(
      Objective({tiny_network("a", {1, 1}, 1, Answer::sigmoid), tiny_network("b", {1, 1}, 1, Answer::linear)}, {}),
      InputError);
}

}  // namespace
}  // namespace sonde::generate
