// Keras layers one by one, in small models written by the test: what their settings become.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "base/check.hpp"
#include "harness/shared_data.hpp"
#include "io/keras_writer.hpp"
#include "io/models/model_file.hpp"

namespace sonde::io {
namespace {

using test::KerasWeight;
using test::KerasWriter;

/// 1, 2, 3, ...
KerasWeight counting(std::string name, std::vector<hsize_t> shape) {
  hsize_t size = 1;
  for (hsize_t extent : shape) size *= extent;
  std::vector<float> values(size);
  std::iota(values.begin(), values.end(), 1.0F);
  return {std::move(name), std::move(shape), std::move(values)};
}

class KerasLayers : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path() const { return folder_ / "model.h5"; }

  using Layers = std::vector<std::pair<std::string, std::vector<KerasWeight>>>;

  ModelFile read(std::string const& architecture, Layers const& layers = {}, ModelOptions const& options = {}) const {
    {
      KerasWriter file(path(), architecture);
      for (auto const& [name, weights] : layers) file.layer(name, weights);
    }
    return read_keras(path(), options);
  }

  /// A Sequential of an input and one layer "x"; `settings` without the braces.
  static std::string one_layer(std::string const& shape, std::string const& class_name, std::string settings) {
    if (!settings.empty()) settings = ", " + settings;
    return R"({"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": ")" + class_name +
           R"(", "config": {"name": "x", "batch_input_shape": [null, )" + shape + "]" + settings + "}}]}}";
  }

  std::string refusal(std::string const& architecture, Layers const& layers = {}) const {
    try {
      read(architecture, layers);
    } catch (InputError const& error) {
      return error.what();
    }
    return "was read";
  }

 private:
  std::filesystem::path folder_ = test::scratch_path("keras-layers");
};

TEST_F(KerasLayers, SamePaddingPutsTheLargerHalfAfter) {
  // 8 rows, window 3, stride 2: 4 outputs need (4 - 1) * 2 + 3 = 9 rows. 7 columns, dilated window 5, stride 1: 4 more.
  ModelFile const model =
      read(one_layer("8, 7, 2", "MaxPooling2D", R"("pool_size": [3, 5], "strides": [2, 1], "padding": "same")"));
  Window const& window = std::get<Pool>(model.nodes[1].op).window;
  EXPECT_EQ(window.top, 0);
  EXPECT_EQ(window.bottom, 1);
  EXPECT_EQ(window.left, 2);
  EXPECT_EQ(window.right, 2);
  EXPECT_EQ(model.output_shape(), (Shape{4, 7, 2}));
}

TEST_F(KerasLayers, ConvolutionWithGroupsAndDilation) {
  ModelFile const model =
      read(one_layer("9, 9, 4", "Conv2D",
                     R"("filters": 6, "kernel_size": 3, "dilation_rate": [2, 1], "groups": 2, "use_bias": false,
          "padding": "valid")"),
           {{"x", {counting("x/kernel:0", {3, 3, 2, 6})}}});
  auto const& conv = std::get<Conv2d>(model.nodes[1].op);
  EXPECT_EQ(conv.groups, 2);
  EXPECT_EQ(conv.bias, nullptr);
  EXPECT_EQ(model.output_shape(), (Shape{5, 7, 6}));
}

TEST_F(KerasLayers, Keras1ConvolutionNames) {
  ModelFile const model = read(
      R"({"class_name": "Sequential", "config": [{"class_name": "Convolution2D", "config": {"name": "c",
          "batch_input_shape": [null, 8, 8, 3],
          "nb_filter": 2, "nb_row": 3, "nb_col": 5, "subsample": [2, 1], "border_mode": "same",
          "dim_ordering": "tf", "bias": true,
          "activation": "relu"}}, {"class_name": "Flatten", "config": {"name": "f"}},
          {"class_name": "Dense", "config": {"name": "d", "output_dim": 4, "activation": "softmax"}}]})",
      {{"c", {counting("param_0", {3, 5, 3, 2}), counting("param_1", {2})}},
       {"d", {counting("d_W:0", {64, 4}), counting("d_b:0", {4})}}});
  EXPECT_EQ(model.input_shape(), (Shape{8, 8, 3}));
  EXPECT_EQ(model.nodes[1].shape, (Shape{4, 8, 2}));
  EXPECT_EQ(model.nodes[4].name, "d");
  EXPECT_EQ(model.nodes[5].name, "d.softmax");
  EXPECT_EQ(model.layers.size(), 2U) << "Flatten is not counted";
  EXPECT_EQ(model.layers[1].name, "d");
  EXPECT_EQ(model.layers[1].node, 5);
}

TEST_F(KerasLayers, DepthwiseKernelBecomesOneGroupPerChannel) {
  ModelFile const model =
      read(one_layer("4, 4, 3", "DepthwiseConv2D", R"("kernel_size": [2, 2], "depth_multiplier": 2)"),
           {{"x", {counting("k", {2, 2, 3, 2}), counting("b", {6})}}});
  auto const& conv = std::get<Conv2d>(model.nodes[1].op);
  EXPECT_EQ(conv.groups, 3);
  EXPECT_EQ(conv.weights->shape, (Shape{2, 2, 1, 6}));
  EXPECT_EQ(conv.weights->data[3], 4.0F);  // row 0, column 0, channel 1, second multiple: output 3
  EXPECT_EQ(model.output_shape(), (Shape{3, 3, 6}));
}

TEST_F(KerasLayers, SeparableConvolutionIsTwoConvolutions) {
  ModelFile const model =
      read(one_layer("4, 4, 3", "SeparableConv2D",
                     R"("filters": 5, "kernel_size": [3, 3], "padding": "same", "activation": "elu")"),
           {{"x", {counting("d", {3, 3, 3, 1}), counting("p", {1, 1, 3, 5}), counting("b", {5})}}});
  ASSERT_EQ(model.nodes.size(), 4U);
  EXPECT_EQ(model.nodes[1].name, "x.depthwise");
  EXPECT_EQ(model.nodes[2].name, "x");
  EXPECT_EQ(model.nodes[3].name, "x.elu");
  EXPECT_EQ(model.output_shape(), (Shape{4, 4, 5}));
}

TEST_F(KerasLayers, BatchNormalizationFoldsIntoScaleAndShift) {
  ModelFile const model = read(
      one_layer("2", "BatchNormalization", R"("axis": [1], "epsilon": 1.0)"),
      {{"x", {{"gamma", {2}, {2, 3}}, {"beta", {2}, {10, 20}}, {"mean", {2}, {1, 2}}, {"variance", {2}, {3, 8}}}}});
  auto const& op = std::get<ScaleShift>(model.nodes[1].op);
  EXPECT_FLOAT_EQ(op.scale->data[0], 1.0F);   // 2 / sqrt(3 + 1)
  EXPECT_FLOAT_EQ(op.shift->data[0], 9.0F);   // 10 - 1 * 1
  EXPECT_FLOAT_EQ(op.scale->data[1], 1.0F);   // 3 / sqrt(8 + 1)
  EXPECT_FLOAT_EQ(op.shift->data[1], 18.0F);  // 20 - 2 * 1
}

TEST_F(KerasLayers, BatchNormalizationWithoutScaleAndCenter) {
  ModelFile const model =
      read(one_layer("2", "BatchNormalization", R"("scale": false, "center": false, "epsilon": 0.0)"),
           {{"x", {{"mean", {2}, {1, 2}}, {"variance", {2}, {4, 16}}}}});
  auto const& op = std::get<ScaleShift>(model.nodes[1].op);
  EXPECT_FLOAT_EQ(op.scale->data[1], 0.25F);
  EXPECT_FLOAT_EQ(op.shift->data[1], -0.5F);
}

TEST_F(KerasLayers, AveragePoolingLeavesPaddingOut) {
  ModelFile const model =
      read(one_layer("5, 5, 2", "AveragePooling2D", R"("pool_size": [2, 2], "padding": "same", "strides": null)"));
  auto const& pool = std::get<Pool>(model.nodes[1].op);
  EXPECT_EQ(pool.kind, PoolKind::average);
  EXPECT_FALSE(pool.count_padding);
  EXPECT_EQ(pool.window.stride_y, 2) << "without strides the windows touch";
  EXPECT_EQ(model.output_shape(), (Shape{3, 3, 2}));
}

TEST_F(KerasLayers, ShapesOfLayersThatMoveElements) {
  EXPECT_EQ(read(one_layer("5, 6, 2", "GlobalAveragePooling2D", "")).output_shape(), (Shape{2}));
  EXPECT_EQ(read(one_layer("5, 6, 2", "GlobalAveragePooling2D", R"("keepdims": true)")).output_shape(),
            (Shape{1, 1, 2}));
  EXPECT_EQ(read(one_layer("5, 6, 2", "GlobalMaxPooling2D", "")).output_shape(), (Shape{2}));
  EXPECT_EQ(read(one_layer("5, 6, 2", "ZeroPadding2D", R"("padding": [[1, 2], [3, 4]])")).output_shape(),
            (Shape{8, 13, 2}));
  EXPECT_EQ(read(one_layer("5, 6, 2", "ZeroPadding2D", R"("padding": 1)")).output_shape(), (Shape{7, 8, 2}));
  EXPECT_EQ(read(one_layer("5, 6, 2", "ZeroPadding2D", R"("padding": [1, 0])")).output_shape(), (Shape{7, 6, 2}));
  EXPECT_EQ(read(one_layer("5, 6, 2", "Cropping2D", R"("cropping": [[1, 2], [0, 3]])")).output_shape(),
            (Shape{2, 3, 2}));
  EXPECT_EQ(read(one_layer("5, 6, 2", "Flatten", "")).output_shape(), (Shape{60}));
  EXPECT_EQ(read(one_layer("5, 6, 2", "Reshape", R"("target_shape": [3, -1])")).output_shape(), (Shape{3, 20}));
  EXPECT_EQ(read(one_layer("5, 6, 2", "Permute", R"("dims": [3, 1, 2])")).output_shape(), (Shape{2, 5, 6}));
}

TEST_F(KerasLayers, ActivationNames) {
  std::vector<std::pair<std::string, Function>> const names{
      {"relu", Function::relu},       {"relu6", Function::relu_capped}, {"elu", Function::elu},
      {"selu", Function::selu},       {"sigmoid", Function::sigmoid},   {"hard_sigmoid", Function::hard_sigmoid},
      {"tanh", Function::tanh},       {"softplus", Function::softplus}, {"softsign", Function::softsign},
      {"swish", Function::swish},     {"silu", Function::swish},        {"gelu", Function::gelu},
      {"exponential", Function::exp},
  };
  for (auto const& [name, function] : names) {
    ModelFile const model = read(one_layer("3", "Activation", R"("activation": ")" + name + "\""));
    ASSERT_EQ(model.nodes.size(), 2U) << name;
    EXPECT_EQ(std::get<Activation>(model.nodes[1].op).function, function) << name;
    EXPECT_EQ(model.nodes[1].name, "x");
  }
  EXPECT_NE(refusal(one_layer("3", "Activation", R"("activation": "sine")")).find("activation 'sine' is not supported"),
            std::string::npos);
}

TEST_F(KerasLayers, LinearActivationAndDropoutAddNoNodeButCount) {
  for (std::string const kind : {"Dropout", "GaussianNoise", "SpatialDropout2D", "Activation"}) {
    ModelFile const model = read(one_layer("4, 4, 3", kind, R"("activation": "linear", "rate": 0.5)"));
    EXPECT_EQ(model.nodes.size(), 1U) << kind;
    EXPECT_EQ(model.units(), 3) << kind;
  }
}

TEST_F(KerasLayers, HardSigmoidOfKeras3HasAnotherSlope) {
  std::string const architecture = one_layer("3", "Activation", R"("activation": "hard_sigmoid")");
  EXPECT_FLOAT_EQ(std::get<Activation>(read(architecture).nodes[1].op).alpha, 0.2F);
  {
    KerasWriter file(path(), architecture);
    file.attribute("keras_version", "3.3.3");
  }
  EXPECT_FLOAT_EQ(std::get<Activation>(read_keras(path(), {}).nodes[1].op).alpha, 1.0F / 6);
}

TEST_F(KerasLayers, ReluVariants) {
  auto const first = [&](std::string const& settings) {
    return std::get<Activation>(read(one_layer("3", "ReLU", settings)).nodes[1].op);
  };
  EXPECT_EQ(first("").function, Function::relu);
  EXPECT_EQ(first(R"("max_value": 6.0)").function, Function::relu_capped);
  EXPECT_EQ(first(R"("negative_slope": 0.1)").function, Function::leaky_relu);
  EXPECT_EQ(first(R"("threshold": 0.5, "max_value": null)").function, Function::thresholded_relu);
  ModelFile const capped = read(one_layer("3", "ReLU", R"("negative_slope": 0.1, "max_value": 2)"));
  ASSERT_EQ(capped.nodes.size(), 3U);
  EXPECT_EQ(std::get<Activation>(capped.nodes[2].op).function, Function::clip);
  EXPECT_EQ(std::get<Activation>(capped.nodes[2].op).beta, 2.0F);
  EXPECT_NE(refusal(one_layer("3", "ReLU", R"("negative_slope": 0.1, "threshold": 1)")).find("threshold"),
            std::string::npos);
  EXPECT_FLOAT_EQ(std::get<Activation>(read(one_layer("3", "LeakyReLU", "")).nodes[1].op).alpha, 0.3F);
  EXPECT_FLOAT_EQ(std::get<Activation>(
                      read(one_layer("3", "LeakyReLU", R"("alpha": {"type": "ndarray", "value": 0.25})")).nodes[1].op)
                      .alpha,
                  0.25F);
  EXPECT_FLOAT_EQ(std::get<Activation>(read(one_layer("3", "ThresholdedReLU", R"("theta": 0.75)")).nodes[1].op).alpha,
                  0.75F);
}

TEST_F(KerasLayers, PReluSharesAxes) {
  auto const slope = [&](std::string const& axes, std::vector<hsize_t> shape) {
    return std::get<PRelu>(
               read(one_layer("2, 3, 4", "PReLU", axes), {{"x", {counting("alpha", std::move(shape))}}}).nodes[1].op)
        .slope;
  };
  EXPECT_EQ(slope("", {2, 3, 4})->shape, (Shape{2, 3, 4}));
  EXPECT_EQ(slope(R"("shared_axes": [1, 2])", {1, 1, 4})->shape, (Shape{4}));
  EXPECT_EQ(slope(R"("shared_axes": [1, 2, 3])", {1, 1, 1})->shape, (Shape{1}));
  Weights const columns = slope(R"("shared_axes": [1, 3])", {1, 3, 1});
  EXPECT_EQ(columns->shape, (Shape{2, 3, 4}));
  EXPECT_EQ(columns->data[0], 1.0F);
  EXPECT_EQ(columns->data[4], 2.0F);
  EXPECT_EQ(columns->data[23], 3.0F);
}

TEST_F(KerasLayers, ActivationGivenAsALayer) {
  ModelFile const model = read(
      one_layer("2", "Dense", R"("units": 1, "activation": {"class_name": "LeakyReLU", "config": {"alpha": 0.5}})"),
      {{"x", {counting("k", {2, 1}), counting("b", {1})}}});
  EXPECT_FLOAT_EQ(std::get<Activation>(model.nodes[2].op).alpha, 0.5F);
}

TEST_F(KerasLayers, RescalingAndNormalization) {
  ModelFile const scaled = read(one_layer("2, 2, 3", "Rescaling", R"("scale": 0.5, "offset": [1, 2, 3])"));
  auto const& rescaling = std::get<ScaleShift>(scaled.nodes[1].op);
  EXPECT_EQ(rescaling.scale->data[2], 0.5F);
  EXPECT_EQ(rescaling.shift->data[2], 3.0F);
  ModelFile const normal = read(one_layer("2", "Normalization", R"("axis": [-1])"),
                                {{"x", {{"mean", {2}, {1, 2}}, {"variance", {2}, {4, 16}}, {"count", {}, {7}}}}});
  auto const& normalization = std::get<ScaleShift>(normal.nodes[1].op);
  EXPECT_FLOAT_EQ(normalization.scale->data[1], 0.25F);
  EXPECT_FLOAT_EQ(normalization.shift->data[1], -0.5F);
}

TEST_F(KerasLayers, LambdaIsTheGivenScaleAndOffset) {
  ModelFile const model =
      read(one_layer("2", "Lambda", R"("function": ["bytecode", null, null])"), {}, {{{"x", {0.5F, -1.0F}}}});
  EXPECT_EQ(std::get<ScaleShift>(model.nodes[1].op).scale->data[0], 0.5F);
  EXPECT_EQ(std::get<ScaleShift>(model.nodes[1].op).shift->data[0], -1.0F);
}

/// A functional model whose layers are the given ones; "a" and "b" are two ReLUs of the input.
std::string branches(std::string const& merge) {
  return R"({"class_name": "Functional", "config": {"name": "m", "layers": [
    {"class_name": "InputLayer", "name": "in", "config": {"name": "in", "batch_input_shape": [null, 2, 2, 3],
          "dtype": "float32"}, "inbound_nodes": []},)" +
         merge + R"(,
    {"class_name": "ReLU", "name": "a", "config": {"name": "a", "dtype": {"class_name": "Policy",
          "config": {"name": "float32"}}}, "inbound_nodes": [[["in", 0, 0, {}]]]},
    {"class_name": "ELU", "name": "b", "config": {"name": "b"}, "inbound_nodes": [[["in", 0, 0, {}]]]}],
    "input_layers": [["in", 0, 0]], "output_layers": [["x", 0, 0]]}})";
}

std::string merge_of(std::string const& class_name, std::string const& settings, std::string const& inputs) {
  return R"({"class_name": ")" + class_name + R"(", "name": "x", "config": {"name": "x")" + settings +
         R"(}, "inbound_nodes": [[)" + inputs + "]]}";
}

TEST_F(KerasLayers, MergesInAnyOrderOfTheFile) {
  std::string const two = R"(["a", 0, 0, {}], ["b", 0, 0, {}])";
  for (std::string const kind : {"Add", "Multiply", "Subtract", "Maximum", "Minimum"}) {
    ModelFile const model = read(branches(merge_of(kind, "", two)));  // "x" stands before its inputs
    EXPECT_EQ(model.nodes.size(), 4U) << kind;
    EXPECT_EQ(model.output_shape(), (Shape{2, 2, 3})) << kind;
    EXPECT_EQ(model.layers.size(), 3U) << kind;
    EXPECT_EQ(model.nodes[static_cast<std::size_t>(model.output)].name, "x") << kind;
  }
  EXPECT_EQ(read(branches(merge_of("Concatenate", R"(, "axis": -1)", two))).output_shape(), (Shape{2, 2, 6}));
  EXPECT_EQ(read(branches(merge_of("Concatenate", R"(, "axis": 1)", two))).output_shape(), (Shape{4, 2, 3}));
  EXPECT_EQ(read(branches(merge_of("Merge", R"(, "mode": "concat", "concat_axis": 3, "mode_type": "raw")", two)))
                .output_shape(),
            (Shape{2, 2, 6}));
  ModelFile const sum = read(branches(merge_of("Merge", R"(, "mode": "sum")", two + R"(, ["in", 0, 0, {}])")));
  EXPECT_EQ(sum.nodes.size(), 5U);
  EXPECT_EQ(sum.nodes[4].name, "x");
  ModelFile const mean = read(branches(merge_of("Average", "", two)));
  EXPECT_EQ(std::get<ScaleShift>(mean.nodes[4].op).scale->data[0], 0.5F);
  EXPECT_NE(refusal(branches(merge_of("Merge", R"(, "mode": "cos")", two))).find("Merge mode 'cos'"),
            std::string::npos);
  EXPECT_NE(refusal(branches(merge_of("Add", "", R"(["a", 0, 0, {}])"))).find("joins two or more"), std::string::npos);
}

TEST_F(KerasLayers, ConnectionsAsKeras3WritesThem) {
  std::string const tensor =
      R"({"class_name": "__keras_tensor__", "config": {"shape": [null, 2], "keras_history": ["in", 0, 0]}})";
  ModelFile const model = read(R"({"class_name": "Functional", "module": "keras", "config": {"name": "m", "layers": [
    {"class_name": "InputLayer", "name": "in", "config": {"name": "in", "batch_shape": [null, 2]}, "inbound_nodes": []},
    {"class_name": "Add", "name": "x", "config": {"name": "x"}, "inbound_nodes": [{"args": [[)" +
                               tensor + ", " + tensor +
                               R"(]], "kwargs": {}}]}], "input_layers": ["in", 0, 0], "output_layers": ["x", 0, 0]}})");
  EXPECT_EQ(model.nodes[1].inputs, (std::vector<int>{0, 0}));
}

TEST_F(KerasLayers, SharedLayerIsReadOnceAndCountedPerUse) {
  ModelFile const model = read(R"({"class_name": "Model", "config": {"name": "m", "layers": [
    {"class_name": "InputLayer", "name": "in", "config": {"name": "in", "batch_input_shape": [null, 2]},
          "inbound_nodes": []},
    {"class_name": "Dense", "name": "d", "config": {"name": "d", "units": 2},
          "inbound_nodes": [[["in", 0, 0, {}]], [["d", 0, 0, {}]]]}],
    "input_layers": [["in", 0, 0]], "output_layers": [["d", 1, 0]]}})",
                               {{"d", {counting("d/kernel:0", {2, 2}), counting("d/bias:0", {2})}}});
  EXPECT_EQ(std::get<Dense>(model.nodes[1].op).weights, std::get<Dense>(model.nodes[2].op).weights);
  EXPECT_EQ(model.layers[0].name, "d");
  EXPECT_EQ(model.layers[1].name, "d_2");
}

TEST_F(KerasLayers, ModelInsideAModel) {
  ModelFile const model = read(
      R"({"class_name": "Sequential", "config": {"name": "outer", "layers": [
        {"class_name": "Sequential", "config": {"name": "inner", "layers": [
          {"class_name": "Dense", "config": {"name": "d", "units": 3, "batch_input_shape": [null, 2],
          "activation": "relu"}},
          {"class_name": "BatchNormalization", "config": {"name": "n"}}]}},
        {"class_name": "Dense", "config": {"name": "d", "units": 1}}]}})",
      {{"inner",
        {counting("d/kernel:0", {2, 3}), counting("d/bias:0", {3}), counting("n/gamma:0", {3}),
         counting("n/beta:0", {3}), counting("n/moving_mean:0", {3}), counting("n/moving_variance:0", {3})}},
       {"d", {counting("d/kernel:0", {3, 1}), counting("d/bias:0", {1})}}});
  EXPECT_EQ(model.input_shape(), (Shape{2}));
  EXPECT_EQ(model.output_shape(), (Shape{1}));
  ASSERT_EQ(model.layers.size(), 3U);
  EXPECT_EQ(model.layers[0].name, "inner/d");
  EXPECT_EQ(model.layers[1].name, "inner/n");
  EXPECT_EQ(model.layers[2].name, "d");
}

TEST_F(KerasLayers, FunctionalModelInsideAModelIsKnownByUseZeroAndOne) {
  for (std::string const use : {"0", "1"}) {
    ModelFile const model =
        read(R"({"class_name": "Model", "config": {"name": "m", "layers": [
      {"class_name": "InputLayer", "name": "in", "config": {"name": "in", "batch_input_shape": [null, 2]},
          "inbound_nodes": []},
      {"class_name": "Model", "name": "inner", "config": {"name": "inner", "layers": [
        {"class_name": "InputLayer", "name": "i2", "config": {"name": "i2", "batch_input_shape": [null, 2]},
          "inbound_nodes": []},
        {"class_name": "ELU", "name": "e", "config": {"name": "e"}, "inbound_nodes": [[["i2", 0, 0, {}]]]}],
        "input_layers": [["i2", 0, 0]], "output_layers": [["e", 0, 0]]}, "inbound_nodes": [[["in", 0, 0, {}]]]},
      {"class_name": "ReLU", "name": "r", "config": {"name": "r"}, "inbound_nodes": [[["inner", )" +
             use + R"(, 0, {}]]]}], "input_layers": [["in", 0, 0]], "output_layers": [["r", 0, 0]]}})");
    EXPECT_EQ(model.nodes.size(), 3U);
    EXPECT_EQ(model.layers[0].name, "inner/e");
  }
}

TEST_F(KerasLayers, ArchitectureBesideTheWeightsMayBeAStringInAString) {
  std::string text = one_layer("2", "Dense", R"("units": 1, "use_bias": false)");
  for (int level = 0; level < 3; ++level) {
    {
      KerasWriter file(path(), "");
      file.layer("x", {counting("x/kernel:0", {2, 1})});
    }
    std::ofstream(std::filesystem::path(path()).replace_extension(".json")) << text;
    EXPECT_EQ(read_keras(path(), {}).output_shape(), (Shape{1})) << level;
    std::string quoted = "\"";
    for (char c : text) {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
    text = quoted + "\"";
  }
}

TEST_F(KerasLayers, EveryLayerIsListedOnce) {
  std::vector<std::string> names = keras_layer_names();
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
  for (char const* name :
       {"Dense", "Convolution2D", "SeparableConv2D", "Lambda", "Merge", "InputLayer", "Sequential"}) {
    EXPECT_TRUE(std::ranges::binary_search(names, name)) << name;
  }
}

}  // namespace
}  // namespace sonde::io
