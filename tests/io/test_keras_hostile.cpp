// Damaged, unsuitable and hostile Keras files: each is refused with a message that names file, layer and way out.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <limits>

#include "base/check.hpp"
#include "harness/shared_data.hpp"
#include "io/keras_writer.hpp"
#include "io/models/model_file.hpp"

namespace sonde::io {
namespace {

using test::KerasWeight;
using test::KerasWriter;

class HostileKeras : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path() const { return folder_ / "model.h5"; }

  /// The message with which the file at path() is refused.
  std::string refusal() const {
    try {
      read_keras(path(), {});
    } catch (InputError const& error) {
      return error.what();
    }
    return "was read";
  }

  /// The same for a full model with this architecture and a layer "d".
  std::string refusal_of(std::string const& architecture, std::vector<KerasWeight> const& weights = {}) const {
    {
      KerasWriter file(path(), architecture);
      file.layer("d", weights);
    }
    return refusal();
  }

  void expect_refused(std::string const& message, std::string const& part) const {
    EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_NE(message.find(path()), std::string::npos) << "the file is not named: " << message;
  }

 private:
  std::filesystem::path folder_ = test::scratch_path("keras-hostile");
};

std::string sequential(std::string const& layers) {
  return R"({"class_name": "Sequential", "config": {"name": "s", "layers": [)" + layers + "]}}";
}

/// Dense(2) on three features.
std::string const dense =
    R"({"class_name": "Dense",
        "config": {"name": "d", "units": 2, "use_bias": false, "batch_input_shape": [null, 3]}})";
KerasWeight const kernel{"d/kernel:0", {3, 2}, {1, 2, 3, 4, 5, 6}};

/// A functional model of the given layers, from "in" to "out".
std::string functional(std::string const& layers, std::string const& inputs = R"(["in", 0, 0])",
                       std::string const& outputs = R"(["d", 0, 0])") {
  return R"({"class_name": "Model", "config": {"name": "m", "layers": [{"class_name": "InputLayer", "name": "in",
    "config": {"name": "in", "batch_input_shape": [null, 3]}, "inbound_nodes": []}, )" +
         layers + R"(], "input_layers": [)" + inputs + R"(], "output_layers": [)" + outputs + "]}}";
}

TEST_F(HostileKeras, TheSoundModelIsRead) { EXPECT_EQ(refusal_of(sequential(dense), {kernel}), "was read"); }

TEST_F(HostileKeras, MissingAndGarbageFiles) {
  expect_refused(refusal(), "");
  std::ofstream(path()) << std::string(4096, 'x');
  expect_refused(refusal(), "");
  std::ofstream(path(), std::ios::binary) << "\x89HDF\r\n\x1a\n" << std::string(500, '\xff');
  expect_refused(refusal(), "");
}

TEST_F(HostileKeras, ChosenByContent) {
  std::ofstream(path()) << "";
  EXPECT_THROW(read_model(path()), InputError);
  std::ofstream(path()) << "PK\x03\x04 and so on";
  try {
    read_model(path());
    FAIL() << "was read";
  } catch (InputError const& error) {
    expect_refused(error.what(), ".keras");
  }
  EXPECT_THROW(read_model(path() + ".absent"), InputError);
  EXPECT_THROW(read_model(std::filesystem::path(path()).parent_path()), InputError);
}

TEST_F(HostileKeras, WeightsWithoutTheirArchitecture) {
  {
    KerasWriter file(path(), "");
    file.layer("d", {kernel});
  }
  std::string const json = std::filesystem::path(path()).replace_extension(".json");
  expect_refused(refusal(), json + " cannot be read");
  ASSERT_EQ(::mkfifo(json.c_str(), 0600), 0);
  expect_refused(refusal(), json + " cannot be read");  // and is not waited for
  std::filesystem::remove(json);
  std::ofstream(json) << R"({"class_name": "Sequential", )";
  expect_refused(refusal(), "not valid JSON");
}

TEST_F(HostileKeras, Hdf5OfAnotherKind) {
  hid_t const file = H5Fcreate(path().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  H5Fclose(file);
  expect_refused(refusal(), "no Keras model");
}

TEST_F(HostileKeras, MoreLayersThanAnyModel) {
  std::string layers = dense;
  for (int i = 0; i < 20000; ++i) layers += R"(, {"class_name": "ReLU", "config": {"name": "r"}})";
  expect_refused(refusal_of(sequential(layers), {kernel}), "20001 layers");
}

TEST_F(HostileKeras, NestedForEver) {
  std::string const brackets(1'000'000, '[');
  expect_refused(refusal_of(brackets), "levels deep");
  std::string nested = dense;
  for (int level = 0; level < 40; ++level)
    nested = R"({"class_name": "Sequential", "config": {"name": "s", "layers": [)" + nested + "]}}";
  expect_refused(refusal_of(nested, {kernel}), "levels deep");
  std::string objects;
  for (int level = 0; level < 100'000; ++level) objects += R"({"a":)";
  expect_refused(refusal_of(objects), "levels deep");
}

TEST_F(HostileKeras, ArchitecturesThatAreNone) {
  for (std::string const text :
       {"3", "null", "[]", "{}", "\"text\"", R"({"class_name": 3})", R"({"class_name": "Sequential"})",
        R"({"class_name": "Sequential", "config": 3})", R"({"class_name": "Sequential", "config": []})",
        R"({"class_name": "Sequential", "config": [3]})", R"({"class_name": "Dense", "config": {}})",
        R"({"class_name": "Model", "config": {"layers": [{}], "input_layers": [], "output_layers": []}})",
        R"({"class_name": "Model", "config": {"layers": [{}], "input_layers": [["a"]], "output_layers": 1}})",
        "\xff\xfe",
        R"({"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "config": [1]}]}})"}) {
    expect_refused(refusal_of(text), "model ");
  }
}

TEST_F(HostileKeras, UnsupportedLayerIsNamedWithTheSupportedOnes) {
  std::string const message = refusal_of(
      sequential(R"({"class_name": "Conv3D", "config": {"name": "volume", "batch_input_shape": [null, 3]}})"));
  expect_refused(message, "layer volume: the Keras layer Conv3D is not supported");
  expect_refused(message, "DepthwiseConv2D");
}

TEST_F(HostileKeras, WeightsThatDoNotFit) {
  expect_refused(refusal_of(sequential(dense), {{"d/kernel:0", {2, 2}, {1, 2, 3, 4}}}),
                 "shape 2x2 in the file where the architecture needs 3x2");
  expect_refused(refusal_of(sequential(dense), {}), "kernel is not in the file");
  expect_refused(refusal_of(sequential(dense), {kernel, {"d/bias:0", {2}, {1, 2}}}),
                 "2 weights for it, of which the architecture uses 1");
  { KerasWriter file(path(), sequential(dense)); }
  expect_refused(refusal(), "layer d");
}

TEST_F(HostileKeras, NotANumberAmongTheWeights) {
  for (float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    KerasWeight broken = kernel;
    broken.values[4] = bad;
    expect_refused(refusal_of(sequential(dense), {broken}), "layer d: a weight is NaN or infinite");
  }
  // A negative variance has no square root.
  expect_refused(
      refusal_of(
          sequential(R"({"class_name": "BatchNormalization", "config": {"name": "d", "scale": false, "center": false,
                                       "batch_input_shape": [null, 1]}})"),
          {{"mean", {1}, {0}}, {"variance", {1}, {-5}}}),
      "NaN");
}

TEST_F(HostileKeras, IntegerWeights) {
  {
    KerasWriter file(path(), sequential(dense));
    file.layer("d", {kernel}, H5T_STD_I32LE);
  }
  expect_refused(refusal(), "int32");
}

TEST_F(HostileKeras, HugeDeclaredSizes) {
  // 2^50 bytes of weights that were never written.
  std::string const huge = R"({"class_name": "Dense", "config": {"name": "d", "units": 16777216, "use_bias": false,
    "batch_input_shape": [null, 16777216]}})";
  expect_refused(refusal_of(sequential(huge), {{"d/kernel:0", {16777216, 16777216}, {}}}), "");
  std::string const input =
      R"({"class_name": "ReLU",
          "config": {"name": "r", "batch_input_shape": [null, 2147483647, 2147483647, 2147483647]}})";
  EXPECT_NE(refusal_of(sequential(input)), "was read");
  std::string const above =
      R"({"class_name": "ReLU", "config": {"name": "r", "batch_input_shape": [null, 99999999999999999999]}})";
  expect_refused(refusal_of(sequential(above)), "batch_input_shape");
  std::string const open = R"({"class_name": "ReLU", "config": {"name": "r", "batch_input_shape": [null, null, 3]}})";
  expect_refused(refusal_of(sequential(open)), "not fully known");
  std::string const large =
      R"({"class_name": "ReLU", "config": {"name": "r", "batch_input_shape": [null, 100000, 100000, 3]}})";
  expect_refused(refusal_of(sequential(large)), "2^31");
}

TEST_F(HostileKeras, SettingsOutsideTheirRange) {
  auto const image_layer = [&](std::string const& class_name, std::string const& settings) {
    return refusal_of(sequential(R"({"class_name": ")" + class_name +
                                 R"(", "config": {"name": "d", "batch_input_shape": [null, 8, 8, 3], )" + settings +
                                 "}}"));
  };
  expect_refused(image_layer("MaxPooling2D", R"("pool_size": [0, 2])"), "window, stride or dilation");
  expect_refused(image_layer("MaxPooling2D", R"("strides": 0, "padding": "same")"), "window, stride or dilation");
  expect_refused(image_layer("MaxPooling2D", R"("pool_size": [9, 9])"), "does not fit");
  expect_refused(
      image_layer("MaxPooling2D", R"("pool_size": [2147483647, 1], "strides": 2147483647, "padding": "same")"),
      "window, stride or dilation");
  expect_refused(image_layer("MaxPooling2D", R"("padding": "causal")"), "'causal'");
  expect_refused(image_layer("MaxPooling2D", R"("pool_size": "big")"), "pool_size");
  expect_refused(image_layer("MaxPooling2D", R"("pool_size": [1e300, 2])"), "pool_size");
  expect_refused(image_layer("MaxPooling2D", R"("data_format": "channels_first")"), "channels_first");
  expect_refused(image_layer("Conv2D", R"("filters": 4, "kernel_size": [3, 3], "groups": 0)"), "groups");
  expect_refused(image_layer("Conv2D", R"("filters": -4, "kernel_size": [3, 3])"), "kernel");
  expect_refused(image_layer("Conv2D", R"("kernel_size": [3, 3])"), "filters");
  expect_refused(image_layer("DepthwiseConv2D", R"("kernel_size": [3, 3], "depth_multiplier": 2147483647)"), "kernel");
  expect_refused(image_layer("ZeroPadding2D", R"("padding": [1, 2, 3])"), "borders");
  expect_refused(image_layer("ZeroPadding2D", R"("padding": [])"), "borders");
  expect_refused(image_layer("ZeroPadding2D", R"("padding": 2147483647)"), "absurdly large");
  expect_refused(image_layer("Cropping2D", R"("cropping": 4)"), "leaves nothing");
  expect_refused(image_layer("Reshape", R"("target_shape": [-1, -1])"), "target shape");
  expect_refused(image_layer("Reshape", R"("target_shape": [0, 5])"), "target shape");
  expect_refused(image_layer("Reshape", R"("target_shape": [7, -1])"), "cannot become");
  expect_refused(image_layer("Permute", R"("dims": [1, 1, 2])"), "permutation");
  expect_refused(image_layer("Permute", R"("dims": [-2147483647, 1, 2])"), "permutation");
  expect_refused(image_layer("PReLU", R"("shared_axes": [0])"), "shared axis 0");
  expect_refused(image_layer("BatchNormalization", R"("axis": 1)"), "another axis");
  expect_refused(image_layer("Softmax", R"("axis": 1)"), "another axis");
  expect_refused(image_layer("LeakyReLU", R"("alpha": 1e300)"), "finite");
  expect_refused(image_layer("Lambda", R"("function": "x")"), "--lambda d=SCALE,OFFSET");
}

TEST_F(HostileKeras, GraphsThatAreNone) {
  std::string const relu = R"({"class_name": "ReLU", "name": "d", "config": {"name": "d"}, "inbound_nodes": )";
  EXPECT_EQ(refusal_of(functional(relu + R"([[["in", 0, 0, {}]]]})")), "was read");
  expect_refused(refusal_of(functional(relu + R"([[["d", 0, 0, {}]]]})")), "circle");
  expect_refused(refusal_of(functional(relu + R"([[["gone", 0, 0, {}]]]})")), "layer is missing");
  expect_refused(refusal_of(functional(relu + R"([[["in", 0, 1, {}]]]})")), "second output");
  expect_refused(refusal_of(functional(relu + R"([[["in"]]]})")), "connection");
  expect_refused(refusal_of(functional(relu + R"([3]})")), "connection");
  expect_refused(refusal_of(functional(relu + R"([[["in", 0, 0, {}], ["in", 0, 0, {}]]]})")), "2 inputs");
  expect_refused(refusal_of(functional(relu + R"([[]]})")), "0 inputs");
  expect_refused(refusal_of(functional(relu + R"([[["in", 0, 0, {}]]]})", R"(["in", 0, 0], ["in", 0, 0])")),
                 "2 input_layers");
  expect_refused(
      refusal_of(functional(relu + R"([[["in", 0, 0, {}]]]})", R"(["in", 0, 0])", R"(["d", 0, 0], ["in", 0, 0])")),
      "2 output_layers");
  expect_refused(refusal_of(functional(relu + R"([[["in", 0, 0, {}]]]})", R"(["in", 0, 0])", R"(["nowhere", 0, 0])")),
                 "output");
  expect_refused(refusal_of(functional(relu + R"([[["in", 0, 0, {}]]]})", R"(["elsewhere", 0, 0])")), "elsewhere");
}

TEST_F(HostileKeras, SavedUnderTheano) {
  {
    KerasWriter file(
        path(),
        sequential(
            R"({"class_name": "Conv2D", "config": {"name": "d", "filters": 1, "kernel_size": 1, "use_bias": false,
                                        "batch_input_shape": [null, 4, 4, 1]}})"));
    file.attribute("backend", "theano");
    file.layer("d", {{"k", {1, 1, 1, 1}, {1}}});
  }
  expect_refused(refusal(), "Theano");
}

}  // namespace
}  // namespace sonde::io
