#include <gtest/gtest.h>

#include <memory>

#include "base/registry.hpp"
#include "base/timer.hpp"

namespace {

using sonde::Registry;

Registry<int> constraints() { return {"constraint", {{"light", 1}, {"none", 2}, {"occlusion", 3}}}; }

TEST(Registry, FindsByName) {
  auto const registry = constraints();
  EXPECT_EQ(registry.at("light"), 1);
  EXPECT_EQ(registry.at("occlusion"), 3);
}

TEST(Registry, KeepsTheOrderWritten) {
  EXPECT_EQ(constraints().names(), (std::vector<std::string>{"light", "none", "occlusion"}));
}

TEST(Registry, AnswersAnUnknownNameWithTheKnownOnes) {
  try {
    constraints().at("Light");
    FAIL() << "names are matched exactly";
  } catch (sonde::InputError const& error) {
    EXPECT_STREQ(error.what(), "constraint 'Light' is unknown (no such name). Choose one of: light, none, occlusion.");
  }
  EXPECT_THROW(constraints().at(""), sonde::InputError);
  EXPECT_THROW(constraints().at("lig"), sonde::InputError);
}

TEST(Registry, RefusesANameThatStandsTwice) {
  EXPECT_THROW(Registry<int>("constraint", {{"light", 1}, {"none", 2}, {"light", 3}}), std::logic_error);
}

TEST(Join, PutsTheSeparatorBetween) {
  EXPECT_EQ(sonde::join(std::vector<std::string>{}), "");
  EXPECT_EQ(sonde::join(std::vector<std::string>{"a"}), "a");
  EXPECT_EQ(sonde::join(std::vector<std::string>{"a", "b", "c"}), "a, b, c");
  EXPECT_EQ(sonde::join(std::vector<std::string>{"a", "b"}, "|"), "a|b");
}

TEST(Timer, RunsForwardsAndRestarts) {
  sonde::Timer timer;
  double const first = timer.seconds();
  double const second = timer.seconds();
  EXPECT_GE(first, 0);
  EXPECT_GE(second, first);
  while (timer.seconds() < 0.01) {
  }
  double const before = timer.seconds();
  timer.restart();
  EXPECT_LT(timer.seconds(), before);
}

}  // namespace
