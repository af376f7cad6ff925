// Units by name, their values as rows, and what models answer.
#include "nn/behaviors.hpp"

#include <gtest/gtest.h>

#include "nn/answer.hpp"

namespace sonde {
namespace {

/// 2x2 images: two filters, k_0 = x and k_1 = -2 x, rectified, flattened, and two outputs.
std::shared_ptr<nn::Network const> small_network() {
  io::ModelBuilder build("small", "test", {2, 2, 1}, "input");
  auto filters = std::make_shared<Tensor>(Shape{1, 1, 1, 2});
  filters->data.data()[0] = 1;
  filters->data.data()[1] = -2;
  int const conv = build.add("conv", io::Conv2d{{}, 1, filters, nullptr}, {0});
  int const relu = build.add("conv:relu", io::Activation{io::Function::relu}, {conv});
  build.count("features", relu);
  int const flat = build.add("flatten", io::Reshape{{8}}, {relu});
  auto weights = std::make_shared<Tensor>(Shape{8, 2});
  weights->data.data()[0] = 1;
  build.count("fc", build.add("fc", io::Dense{weights, nullptr}, {flat}));
  return std::make_shared<nn::Network const>(std::move(build).finish(4));
}

std::vector<nn::UnitGroup> units(std::string const& text) { return nn::parse_units(text, *small_network()); }

std::string refusal(std::vector<std::string> const& texts, nn::Reduce reduce = nn::Reduce::mean) {
  auto const network = small_network();
  try {
    nn::Behaviors(*network, texts, reduce);
  } catch (InputError const& error) {
    return error.what();
  }
  return "";
}

/// Rows of two samples: 1 2 3 4 and -1 0 0 5.
std::vector<float> values(std::vector<std::string> const& texts, nn::Reduce reduce, std::string const& kind) {
  auto const network = small_network();
  nn::Behaviors const behaviors(*network, texts, reduce);
  std::shared_ptr<backend::Backend const> const backend = backend::make_backend(kind, network->file());
  nn::Runner runner(network, backend, {{3}, false, behaviors.nodes()});
  std::vector<float> const x{1, 2, 3, 4, -1, 0, 0, 5, 9, 9, 9, 9};
  runner.forward(3, x.data());
  std::vector<float> scratch(behaviors.scratch(3)), rows(static_cast<std::size_t>(2 * volume(behaviors.row_shape())));
  behaviors.values(runner, 3, 2, scratch.data(), rows.data());
  return rows;
}

TEST(Units, NamesAndRanges) {
  auto const all = units("*");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].layer, "features");
  EXPECT_EQ(all[1].count, 2);
  auto const one = units("features:1").front();
  EXPECT_EQ(one.first, 1);
  EXPECT_EQ(one.count, 1);
  EXPECT_EQ(units("flatten:2-4").front().first, 2);
  EXPECT_EQ(units("flatten:2-4").front().count, 3);
  EXPECT_EQ(units("conv:relu").front().count, 2);  // a name that holds a colon
  EXPECT_EQ(units("conv:relu:1-1").front().first, 1);
  EXPECT_EQ(units("fc").front().layer, "fc");
  EXPECT_EQ(units("node=conv:relu:0-1").front().node, 2);
  EXPECT_EQ(units("node=fc").front().layer, "node=fc");
}

TEST(Units, RefusesWithWhatIsKnown) {
  EXPECT_NE(refusal({"fc2"}).find("no layer 'fc2'. Its counted layers are: features, fc."), std::string::npos);
  for (char const* text : {"fc:2", "fc:1-0", "fc:0-2", "fc:-1", "fc:", "fc:x", "fc:0-", "fc:99999999999999999999"}) {
    EXPECT_NE(refusal({text}), "") << text;
  }
  EXPECT_NE(refusal({"fc:0-1", "fc:1"}).find("named twice"), std::string::npos);
  EXPECT_NE(refusal({"fc", "*"}).find("named twice"), std::string::npos);
  EXPECT_NE(refusal({"features", "conv:relu"}).find("named twice"), std::string::npos);
  EXPECT_NE(refusal({"node="}), "");
  EXPECT_EQ(refusal({"flatten:0-1", "flatten:2"}), "");
  EXPECT_NE(refusal({"features", "fc"}, nn::Reduce::map).find("but features of 2x2"), std::string::npos);
}

TEST(Behaviors, ReducePositions) {
  for (char const* kind : {"reference", "cpu"}) {
    EXPECT_EQ(values({"features"}, nn::Reduce::mean, kind), (std::vector<float>{2.5F, 0, 1.25F, 0.5F}));
    EXPECT_EQ(values({"features"}, nn::Reduce::max, kind), (std::vector<float>{4, 0, 5, 2}));
    auto const scaled = values({"features:0"}, nn::Reduce::scaled, kind);
    EXPECT_NEAR(scaled[0], 2.5 / 4, 1e-6);
    EXPECT_NEAR(scaled[1], 0.25, 1e-6);
  }
}

TEST(Behaviors, MapsKeepPositionsWithUnitsLast) {
  for (char const* kind : {"reference", "cpu"}) {
    EXPECT_EQ(values({"features"}, nn::Reduce::map, kind),
              (std::vector<float>{1, 0, 2, 0, 3, 0, 4, 0, 0, 2, 0, 0, 0, 0, 5, 0}));
  }
}

TEST(Behaviors, ReadsNodesThatARunnerWouldFuseAway) {
  for (char const* kind : {"reference", "cpu"}) {
    // The convolution before its activation; then columns of several groups in the order given.
    EXPECT_EQ(values({"conv"}, nn::Reduce::mean, kind), (std::vector<float>{2.5F, -5, 1, -2}));
    EXPECT_EQ(values({"flatten:6-7", "conv:1", "fc:0"}, nn::Reduce::mean, kind),
              (std::vector<float>{4, 0, -5, 1, 5, 0, -2, 0}));
  }
}

TEST(Answer, Labels) {
  std::vector<float> const tie{1, 3, 3};
  EXPECT_EQ(nn::label_of(nn::Task::classes, tie), 1);
  for (auto const& [output, label] : {std::pair{0.5F, 0}, std::pair{0.51F, 1}}) {
    EXPECT_EQ(nn::label_of(nn::Task::binary, nn::Output(&output, 1)), label);
  }
  EXPECT_EQ(nn::label_of(nn::Task::regression, tie), 0);
}

TEST(Answer, RegressionsDifferWhenFarApartAndOfDifferentSign) {
  auto const differ = [](std::vector<float> const& a, std::vector<float> const& b) {
    std::vector<nn::Output> const outputs{a, b};
    return nn::outputs_differ(outputs, 0.2);
  };
  EXPECT_TRUE(differ({0.2F}, {-0.1F}));
  EXPECT_TRUE(differ({0.3F}, {0}));        // not strictly of one sign
  EXPECT_FALSE(differ({0.9F}, {0.1F}));    // both right
  EXPECT_FALSE(differ({0.05F}, {-0.1F}));  // close
  EXPECT_TRUE(differ({1, 0.3F}, {1, -0.3F}));
}

}  // namespace
}  // namespace sonde
