// Reading the Keras models beside the checkout: shapes, weights and counted neurons as their origin states them.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/check.hpp"
#include "harness/shared_data.hpp"
#include "io/models/model_file.hpp"
#include "io/provenance.hpp"

namespace sonde::io {
namespace {

struct Facts {
  char const* file;
  Shape input, output;
  std::int64_t units;       // by DeepXplore's rule; MNIST and PDF as in the paper's program
  std::int64_t parameters;  // a normalisation has two per unit: they are folded
  std::size_t layers;
};

void PrintTo(Facts const& facts, std::ostream* out) { *out << facts.file; }

class KerasModel : public testing::TestWithParam<Facts> {};

/// The steering models begin with a Lambda x / 127.5 - 1.
ModelOptions const steering_lambda{{{"lambda_1", {1 / 127.5F, -1.0F}}}};

TEST_P(KerasModel, HasTheFactsOfItsOrigin) {
  Facts const& facts = GetParam();
  SONDE_NEEDS_SHARED(facts.file);
  ModelFile const model = read_keras(test::shared_path(facts.file), steering_lambda);
  EXPECT_EQ(model.format, "keras");
  EXPECT_FALSE(model.channels_first);
  EXPECT_EQ(model.input_shape(), facts.input);
  EXPECT_EQ(model.output_shape(), facts.output);
  EXPECT_EQ(model.units(), facts.units);
  EXPECT_EQ(model.parameters(), facts.parameters);
  EXPECT_EQ(model.layers.size(), facts.layers);
  EXPECT_EQ(model.sha256.size(), 64U);
  for (std::size_t i = 1; i < model.nodes.size(); ++i) {
    for (int input : model.nodes[i].inputs) EXPECT_LT(input, static_cast<int>(i));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shared, KerasModel,
    testing::Values(Facts{"data/mnist/lenet1.h5", {28, 28, 1}, {10}, 52, 7206, 6},
                    Facts{"data/mnist/lenet4.h5", {28, 28, 1}, {10}, 148, 69362, 7},
                    Facts{"data/mnist/lenet5.h5", {28, 28, 1}, {10}, 268, 107786, 8},
                    Facts{"data/pdf/dense200x2.h5", {135}, {2}, 404, 67802, 4},
                    Facts{"data/pdf/dense200x3.h5", {135}, {2}, 604, 108002, 5},
                    Facts{"data/pdf/dense200x4.h5", {135}, {2}, 804, 148202, 6},
                    Facts{"data/imagenet/darknet_tiny.h5", {224, 224, 3}, {1000}, 9008, 1042104, 51},
                    Facts{"data/cifar10/mlperf_pretrainedResnet.h5", {32, 32, 3}, {10}, 1002, 78186, 28},
                    Facts{"data/cifar10/mlperf_pretrainedResnet_alt.h5", {32, 32, 3}, {10}, 1622, 204526, 28},
                    Facts{"data/cifar10/mlperf_trainedResnet_20201216.h5", {32, 32, 3}, {10}, 1002, 78186, 28},
                    Facts{"data/steering/yuv_full.h5", {66, 200, 3}, {1}, 796, 252221, 18},
                    Facts{"data/steering/yuv_weights.h5", {66, 200, 3}, {1}, 796, 252221, 18},
                    Facts{"data/steering/rgb_weights.h5", {66, 200, 3}, {1}, 1884, 252221, 18},
                    Facts{"data/tabular/AC-1.h5", {13}, {1}, 25, 369, 3},
                    Facts{"data/tabular/AC-3.h5", {13}, {1}, 51, 751, 2},
                    Facts{"data/tabular/AC-6.h5", {13}, {1}, 25, 337, 3}),
    [](auto const& instance) {
      std::string name = std::filesystem::path(instance.param.file).stem();
      std::ranges::replace_if(
          name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
      return name;
    });

TEST(KerasModelFile, NamesAndOrderOfLeNet1) {
  SONDE_NEEDS_SHARED("data/mnist/lenet1.h5");
  ModelFile const model = read_model(test::shared_path("data/mnist/lenet1.h5"));
  std::vector<std::string> names, counted;
  for (Node const& node : model.nodes) names.push_back(node.name);
  for (CountedLayer const& layer : model.layers) counted.push_back(layer.name);
  EXPECT_EQ(names, (std::vector<std::string>{"input_1", "block1_conv1", "block1_conv1.relu", "block1_pool1",
                                             "block2_conv1", "block2_conv1.relu", "block2_pool1", "flatten",
                                             "before_softmax", "predictions"}));
  EXPECT_EQ(counted, (std::vector<std::string>{"block1_conv1", "block1_pool1", "block2_conv1", "block2_pool1",
                                               "before_softmax", "predictions"}));
  // A layer is counted at its activation.
  EXPECT_EQ(model.nodes[static_cast<std::size_t>(model.layers[0].node)].name, "block1_conv1.relu");
  auto const& conv = std::get<Conv2d>(model.nodes[1].op);
  EXPECT_EQ(conv.window.top, 2);
  EXPECT_EQ(conv.window.bottom, 2);
  EXPECT_EQ(model.sha256,
            sha256_of_files({test::shared_path("data/mnist/lenet1.h5"), test::shared_path("data/mnist/lenet1.json")}));
}

TEST(KerasModelFile, FullAndWeightsOnlyFileHoldTheSameModel) {
  SONDE_NEEDS_SHARED("data/steering/yuv_full.h5");
  ModelFile const full = read_keras(test::shared_path("data/steering/yuv_full.h5"), steering_lambda);
  ModelFile const weights = read_keras(test::shared_path("data/steering/yuv_weights.h5"), steering_lambda);
  ASSERT_EQ(full.nodes.size(), weights.nodes.size());
  for (std::size_t i = 0; i < full.nodes.size(); ++i) {
    EXPECT_EQ(full.nodes[i].name, weights.nodes[i].name);
    EXPECT_EQ(full.nodes[i].shape, weights.nodes[i].shape);
    if (auto const* conv = std::get_if<Conv2d>(&full.nodes[i].op)) {
      EXPECT_TRUE(
          std::ranges::equal(conv->weights->data.span(), std::get<Conv2d>(weights.nodes[i].op).weights->data.span()));
    }
  }
  EXPECT_NE(full.sha256, weights.sha256);
}

TEST(KerasModelFile, LambdaIsRefusedWithTheOptionThatHelps) {
  SONDE_NEEDS_SHARED("data/steering/yuv_full.h5");
  try {
    read_keras(test::shared_path("data/steering/yuv_full.h5"), {});
    FAIL() << "was read";
  } catch (InputError const& error) {
    EXPECT_NE(std::string(error.what()).find("--lambda lambda_1=SCALE,OFFSET"), std::string::npos) << error.what();
  }
}

TEST(KerasModelFile, TruncatedAtAnyLengthIsRefused) {
  SONDE_NEEDS_SHARED("data/tabular/AC-1.h5");
  auto const folder = test::scratch_path("keras-truncated");
  std::filesystem::create_directories(folder);
  std::ifstream whole(test::shared_path("data/tabular/AC-1.h5"), std::ios::binary);
  std::string const bytes{std::istreambuf_iterator<char>(whole), {}};
  for (std::size_t part = 1; part < 10; ++part) {
    auto const path = folder / "cut.h5";
    std::ofstream(path, std::ios::binary) << bytes.substr(0, bytes.size() * part / 10);
    EXPECT_THROW(read_keras(path, {}), InputError) << part << " tenths";
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace sonde::io
