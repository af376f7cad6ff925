// ONNX graphs as neutral models: layout, layers counted, constants computed while reading.
#include <gtest/gtest.h>

#include <algorithm>

#include "onnx_writer.hpp"

namespace {

using namespace sonde;
using namespace sonde::io;
using namespace sonde::test;

[[maybe_unused]] auto* const cleanup = testing::AddGlobalTestEnvironment(new RemoveOnnxFiles);

/// Kinds of the nodes in order: "input conv2d activation".
std::string kinds(ModelFile const& file) {
  std::string text;
  for (Node const& node : file.nodes) text += (text.empty() ? "" : " ") + op_name(node.op);
  return text;
}

/// "name@node" of every counted layer.
std::string layers(ModelFile const& file) {
  std::string text;
  for (CountedLayer const& layer : file.layers) {
    text += (text.empty() ? "" : " ") + layer.name + "@" + op_name(file.nodes[static_cast<std::size_t>(layer.node)].op);
  }
  return text;
}

template <class Kind>
Kind const& op(ModelFile const& file, std::size_t node) {
  return std::get<Kind>(file.nodes.at(node).op);
}

/// The values of an image's batch normalisation over `channels` channels.
void add_batch_norm(OnnxWriter& writer, std::string const& from, std::string const& to, std::int64_t channels) {
  for (char const* part : {"g", "b", "m", "v"}) writer.weights(to + part, {channels});
  writer.node("BatchNormalization", {from, to + "g", to + "b", to + "m", to + "v"}, to);
}

TEST(Onnx, ImagesAreStoredChannelsLast) {
  OnnxWriter writer({-1, 3, 5, 6});
  writer.weights("w", {2, 3, 1, 2});  // (K, C, height, width)
  writer.weights("b", {2});
  writer.node("Conv", {"x", "w", "b"}, "y");
  ModelFile const file = writer.read();
  EXPECT_TRUE(file.channels_first);
  EXPECT_EQ(file.format, "onnx");
  EXPECT_EQ(file.sha256.size(), 64U);
  EXPECT_EQ(file.input_shape(), (Shape{5, 6, 3}));
  EXPECT_EQ(file.output_shape(), (Shape{5, 5, 2}));
  auto const& conv = op<Conv2d>(file, 1);
  EXPECT_EQ(conv.weights->shape, (Shape{1, 2, 3, 2}));
  // w[k][c][0][x] = 0.5 (1 + (k 3 + c) 2 + x) stands at [0][x][c][k].
  EXPECT_EQ(conv.weights->data[0], 0.5F);
  EXPECT_EQ(conv.weights->data[1], 3.5F);               // k = 1
  EXPECT_EQ(conv.weights->data[2], 1.5F);               // c = 1
  EXPECT_EQ(conv.weights->data[1 * 6 + 2 * 2 + 1], 6);  // x = 1, c = 2, k = 1
  EXPECT_EQ(file.parameters(), 14);
}

TEST(Onnx, AProductCountsOnceWithItsNormalisationAndActivation) {
  OnnxWriter writer({1, 2, 4, 4});
  writer.weights("w", {2, 2, 1, 1});
  writer.node("Conv", {"x", "w"}, "c").set_name("conv");
  add_batch_norm(writer, "c", "n", 2);
  writer.node("Relu", {"n"}, "r");
  writer.node("MaxPool", {"r"}, "p", {{"kernel_shape", {2, 2}}, {"strides", {2, 2}}}).set_name("pool");
  writer.node("Conv", {"p", "w"}, "d").set_name("conv2");
  writer.node("Add", {"d", "p"}, "s").set_name("sum");
  writer.node("Relu", {"s"}, "t").set_name("relu2");
  writer.node("Flatten", {"t"}, "f");
  writer.weights("m", {8, 3});
  writer.weights("k", {3});
  writer.node("MatMul", {"f", "m"}, "q").set_name("fc");
  writer.node("Add", {"q", "k"}, "z");
  writer.node("Softmax", {"z"}, "y").set_name("softmax");
  ModelFile const file = writer.read();
  EXPECT_EQ(kinds(file),
            "input conv2d scale_shift activation pool conv2d binary activation transpose reshape dense softmax");
  EXPECT_EQ(layers(file),
            "conv@activation pool@pool conv2@conv2d sum@binary relu2@activation fc@dense softmax@softmax");
  EXPECT_EQ(file.units(), 2 + 2 + 2 + 2 + 2 + 3 + 3);
  EXPECT_EQ(op<Dense>(file, 10).bias->data[2], 1.5F);
}

TEST(Onnx, AProductUsedTwiceCountsAtItself) {
  OnnxWriter writer({1, 4});
  writer.weights("w", {4, 2});
  writer.node("MatMul", {"x", "w"}, "m").set_name("fc");
  writer.node("Sigmoid", {"m"}, "s").set_name("gate");
  writer.node("Mul", {"m", "s"}, "y").set_name("product");
  EXPECT_EQ(layers(writer.read()), "fc@dense gate@activation product@binary");
}

TEST(Onnx, ActivationsInARowCountOnce) {
  OnnxWriter writer({1, 4}, 6);
  writer.weights("w", {4, 2});
  writer.node("MatMul", {"x", "w"}, "m").set_name("fc");
  writer.node("Relu", {"m"}, "r");
  writer.node("Clip", {"r"}, "c");  // without bounds: the same values
  writer.node("Tanh", {"c"}, "t");
  add_batch_norm(writer, "t", "n", 2);
  writer.graph().mutable_node(4)->add_attribute()->set_name("is_test");
  writer.graph().mutable_node(4)->mutable_attribute(0)->set_i(1);
  writer.node("Sigmoid", {"n"}, "y");
  EXPECT_EQ(layers(writer.read()), "fc@activation n@activation");
}

TEST(Onnx, AnInputThatIsTransposedFirstIsChannelsLast) {
  OnnxWriter writer({1, 5, 6, 3});
  writer.weights("w", {2, 3, 1, 1});
  writer.weights("scale", {3});
  writer.node("Mul", {"x", "scale"}, "m");
  writer.node("Transpose", {"m"}, "t", {{"perm", {0, 3, 1, 2}}});
  writer.node("Conv", {"t", "w"}, "c");
  writer.node("Transpose", {"c"}, "y", {{"perm", {0, 2, 3, 1}}});
  ModelFile const file = writer.read();
  EXPECT_FALSE(file.channels_first);
  EXPECT_EQ(file.input_shape(), (Shape{5, 6, 3}));
  EXPECT_EQ(file.output_shape(), (Shape{5, 6, 2}));
  EXPECT_EQ(kinds(file), "input scale_shift conv2d");
}

TEST(Onnx, PaddingOfNothingIsNoNode) {
  OnnxWriter writer({1, 3, 4, 4}, 9);
  writer.node("Pad", {"x"}, "p", {{"pads", {0, 0, 0, 0, 0, 0, 0, 0}}});
  writer.node("Relu", {"p"}, "y");
  EXPECT_EQ(kinds(writer.read()), "input activation");
}

TEST(Onnx, FlatteningASinglePositionMovesNothing) {
  OnnxWriter writer({1, 3, 4, 4});
  writer.node("GlobalAveragePool", {"x"}, "p");
  writer.node("Flatten", {"p"}, "y");
  EXPECT_EQ(kinds(writer.read()), "input reduce_mean reshape");
}

TEST(Onnx, HalfPrecisionWeightsBecomeFloats) {
  OnnxWriter writer({1, 4});
  auto& raw = writer.weights("w", {4, 2});
  raw.clear_float_data();
  raw.set_data_type(onnx::TensorProto::FLOAT16);
  // 1, -2, 2^-24 (smallest subnormal), 65504 (largest), 0, -0, 1/3, 0.5
  for (unsigned const bits : {0x3C00U, 0xC000U, 0x0001U, 0x7BFFU, 0x0000U, 0x8000U, 0x3555U, 0x3800U}) {
    raw.mutable_raw_data()->push_back(static_cast<char>(bits & 0xFF));
    raw.mutable_raw_data()->push_back(static_cast<char>(bits >> 8));
  }
  auto& typed = writer.weights("b", {2});
  typed.clear_float_data();
  typed.set_data_type(onnx::TensorProto::FLOAT16);
  typed.add_int32_data(0x3C00);
  typed.add_int32_data(0x4200);
  writer.node("Gemm", {"x", "w", "b"}, "y");
  writer.input("w", {4, 2}, onnx::TensorProto::FLOAT16);  // old files list initializers as inputs too
  ModelFile const file = writer.read();
  auto const& dense = op<Dense>(file, 1);
  std::vector<float> const expected{1, -2, 0x1p-24F, 65504, 0, 0, 0.33325195F, 0.5};
  EXPECT_TRUE(std::ranges::equal(dense.weights->data.span(), expected));
  EXPECT_TRUE(std::ranges::equal(dense.bias->data.span(), std::vector<float>{1, 3}));
}

TEST(Onnx, ShapesComputedFromTheBatchAreFolded) {
  OnnxWriter writer({-1, 2, 3, 4});
  writer.integers("zero", {0});
  writer.integers("minus", {-1});
  writer.node("Shape", {"x"}, "shape");
  writer.node("Gather", {"shape", "zero"}, "batch", {{"axis", {0}}});
  writer.node("Concat", {"batch", "minus"}, "target", {{"axis", {0}}});
  writer.node("Reshape", {"x", "target"}, "y");
  EXPECT_EQ(writer.read().output_shape(), (Shape{24}));

  OnnxWriter arithmetic({-1, 2, 3, 4});
  arithmetic.integers("starts", {1}).set_name("one");
  arithmetic.integers("end", {4});
  arithmetic.integers("minus", {-1});
  arithmetic.integers("axis", {0});
  arithmetic.node("Shape", {"x"}, "shape");
  arithmetic.node("Slice", {"shape", "one", "end"}, "extents");
  arithmetic.integers("two", {1, 2, 1});
  arithmetic.node("Mul", {"extents", "two"}, "doubled");  // 2 6 4
  arithmetic.node("Div", {"doubled", "two"}, "halved");
  arithmetic.node("Concat", {"minus", "halved", "one"}, "target", {{"axis", {0}}});
  arithmetic.node("Reshape", {"x", "target"}, "y");
  EXPECT_EQ(arithmetic.read().output_shape(), (Shape{2, 3, 4, 1}));
}

TEST(Onnx, PartialWindowsArePaddedInCeilMode) {
  OnnxWriter writer({1, 1, 6, 8}, 10);
  writer.node("MaxPool", {"x"}, "y", {{"kernel_shape", {3, 3}}, {"strides", {2, 2}}, {"ceil_mode", {1}}});
  ModelFile const file = writer.read();
  EXPECT_EQ(file.output_shape(), (Shape{3, 4, 1}));
  EXPECT_EQ(op<Pool>(file, 1).window.bottom, 1);
  OnnxWriter average({1, 1, 6, 8}, 10);
  average.node("AveragePool", {"x"}, "y",
               {{"kernel_shape", {3, 3}}, {"strides", {2, 2}}, {"ceil_mode", {1}}, {"count_include_pad", {1}}});
  expect_refused(average, {"node y (AveragePool)", "ceil_mode"});
}

TEST(Onnx, OperatorNamesAreSortedAndUnique) {
  auto const names = onnx_op_names();
  EXPECT_GE(names.size(), 58U);
  EXPECT_TRUE(std::ranges::is_sorted(names));
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
  EXPECT_TRUE(std::ranges::count(names, "Conv"));
}

struct Real {
  char const* name;
  std::size_t layers;
  std::int64_t units;
  Shape output;
  std::int64_t parameters;
};

void PrintTo(Real const& real, std::ostream* out) { *out << real.name; }

class RealOnnx : public testing::TestWithParam<Real> {};

TEST_P(RealOnnx, IsReadWhole) {
  std::string const relative = std::string("data/imagenet/") + GetParam().name;
  SONDE_NEEDS_SHARED(relative);
  ModelFile const file = read_onnx(shared_path(relative).string(), {});
  EXPECT_TRUE(file.channels_first);
  EXPECT_EQ(file.input_shape(), (Shape{224, 224, 3}));
  EXPECT_EQ(file.output_shape(), GetParam().output);
  EXPECT_EQ(file.layers.size(), GetParam().layers);
  EXPECT_EQ(file.units(), GetParam().units);
  EXPECT_EQ(file.parameters(), GetParam().parameters);
}

INSTANTIATE_TEST_SUITE_P(ImageNet, RealOnnx,
                         testing::Values(Real{"squeezenet11_torchvision_rgb255.onnx", 38, 7952, {1000}, 1235496},
                                         Real{"squeezenet11_caffe_rgb255.onnx", 39, 8952, {1, 1, 1000}, 1235496},
                                         Real{"SqueezeNet_fp16.onnx", 39, 8952, {1, 1, 1000}, 1235496},
                                         Real{"darknet_tiny_rgb255.onnx", 21, 4624, {1000}, 1042104}));

}  // namespace
