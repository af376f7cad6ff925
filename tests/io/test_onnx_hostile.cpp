// ONNX files that are damaged, malicious or use what sonde does not support: refused with a message, never a crash.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "onnx_writer.hpp"

namespace {

using namespace sonde;
using namespace sonde::io;
using namespace sonde::test;

/// A small model with a convolution, a shape computation and a product.
OnnxWriter sound() {
  OnnxWriter writer({-1, 2, 4, 4});
  writer.weights("w", {2, 2, 3, 3});
  writer.weights("m", {8, 3});
  writer.integers("shape", {0, -1});
  writer.node("Conv", {"x", "w"}, "c", {{"pads", {0, 0, 0, 0}}, {"group", {1}}});
  writer.node("Relu", {"c"}, "r");
  writer.node("Reshape", {"r", "shape"}, "f");
  writer.node("Gemm", {"f", "m"}, "g");
  writer.node("Softmax", {"g"}, "y");
  return writer;
}

void expect_file_refused(std::string const& bytes, std::vector<std::string> const& texts) {
  std::string const path = onnx_path("model.onnx");
  write_bytes(path, bytes);
  expect_refused([&] { read_onnx(path, {}); }, texts);
}

TEST(HostileOnnx, MissingFilesAndFoldersAreRefused) {
  expect_refused([] { read_onnx("/nonexistent/model.onnx", {}); }, {"/nonexistent/model.onnx", "no such file"});
  expect_refused([] { read_onnx("/tmp", {}); }, {"/tmp"});
}

TEST(HostileOnnx, GarbageIsRefused) {
  expect_file_refused("", {"ONNX"});
  expect_file_refused("\x89HDF\r\n\x1a\n and so on", {"not a readable ONNX file"});
  expect_file_refused(std::string(4096, '\xff'), {"not a readable ONNX file"});
  expect_file_refused(std::string(4096, '\0'), {"not a readable ONNX file"});
}

TEST(HostileOnnx, EveryTruncationIsRefused) {
  std::string const bytes = sound().bytes();
  EXPECT_EQ(sound().read().output_shape(), (Shape{3}));
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    SCOPED_TRACE(length);
    expect_file_refused(bytes.substr(0, length), {"ONNX"});
  }
}

TEST(HostileOnnx, NoDamagedByteEndsInAnythingButAModelOrAMessage) {
  std::string const bytes = sound().bytes();
  std::string const path = onnx_path("model.onnx");
  int refused = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int const value : {0xff, bytes[at] ^ 1, bytes[at] ^ 0x10}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(value);
      write_bytes(path, damaged);
      try {
        read_onnx(path, {});
      } catch (InputError const& error) {
        ++refused;
        EXPECT_TRUE(std::string(error.what()).starts_with("model ")) << error.what();
      }
    }
  }
  EXPECT_GT(refused, 300);
}

TEST(HostileOnnx, NestedMessagesDoNotExhaustTheStack) {
  onnx::ModelProto model = sound().model;
  onnx::GraphProto inner;
  for (int depth = 0; depth < 2000; ++depth) {
    onnx::GraphProto outer;
    *outer.add_node()->add_attribute()->mutable_g() = std::move(inner);
    inner = std::move(outer);
  }
  *model.mutable_graph()->mutable_node(0)->add_attribute()->mutable_g() = std::move(inner);
  expect_file_refused(model.SerializeAsString(), {"not a readable ONNX file"});
}

TEST(HostileOnnx, OperatorSetsOutsideTheSupportedAreRefused) {
  for (std::int64_t const version :
       {std::int64_t{5}, std::int64_t{18}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::max()}) {
    OnnxWriter writer = sound();
    writer.model.mutable_opset_import(0)->set_version(version);
    expect_refused(writer, {"operator set " + std::to_string(version), "6 to 17"});
  }
  OnnxWriter writer = sound();
  writer.model.mutable_opset_import(0)->set_domain("com.example");
  expect_refused(writer, {"other operator sets"});
}

TEST(HostileOnnx, UnsupportedOperatorsAreNamedWithTheSupportedOnes) {
  OnnxWriter writer = sound();
  writer.graph().mutable_node(1)->set_op_type("Resize");
  writer.graph().mutable_node(1)->set_name("up");
  writer.graph().mutable_node(4)->set_domain("com.example");
  expect_refused(writer,
                 {"Resize (node up), com.example.Softmax (node y)", "supported operators are Abs, Add,", "Unsqueeze."});
}

TEST(HostileOnnx, GraphsThatAreNotSortedAreRefused) {
  OnnxWriter cycle = sound();
  cycle.graph().mutable_node(0)->set_input(0, "r");
  expect_refused(cycle, {"node c (Conv)", "'r' is not computed before it"});
  OnnxWriter self = sound();
  self.graph().mutable_node(1)->set_input(0, "r");
  expect_refused(self, {"'r' is not computed before it"});
  OnnxWriter unknown = sound();
  unknown.graph().mutable_node(1)->set_input(0, "nowhere");
  expect_refused(unknown, {"'nowhere'"});
  OnnxWriter twice = sound();
  twice.graph().mutable_node(1)->set_output(0, "c");
  twice.graph().mutable_node(2)->set_input(0, "c");
  expect_refused(twice, {"'c' is defined twice"});
}

TEST(HostileOnnx, OneInputAndOneOutputAreNeeded) {
  OnnxWriter inputs = sound();
  inputs.input("x2", {1, 2});
  expect_refused(inputs, {"2 inputs (x, x2)"});
  OnnxWriter none = sound();
  none.graph().clear_input();
  expect_refused(none, {"0 inputs"});
  OnnxWriter outputs = sound();
  outputs.graph().add_output()->set_name("c");
  expect_refused(outputs, {"2 outputs"});
  OnnxWriter other = sound();
  other.graph().mutable_output(0)->set_name("nothing");
  expect_refused(other, {"'nothing'"});
  OnnxWriter constant = sound();
  constant.graph().mutable_output(0)->set_name("w");
  expect_refused(constant, {"constant"});
}

TEST(HostileOnnx, InputsOfUnknownOrAbsurdShapeAreRefused) {
  expect_refused(OnnxWriter({}), {"input x", "no shape"});
  expect_refused(OnnxWriter({1, 3, -1, 4}), {"input x", "axis 2 has no fixed extent"});
  expect_refused(OnnxWriter({1, std::int64_t{1} << 62, 4}), {"2^40"});
  expect_refused(OnnxWriter({1, 1 << 20, 1 << 19}), {"2^30"});
  OnnxWriter integers({1, 4});
  integers.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::INT64);
  expect_refused(integers, {"input x", "element type is 7"});
}

TEST(HostileOnnx, WeightsThatDoNotFitTheirDataAreRefused) {
  OnnxWriter external = sound();
  external.graph().mutable_initializer(0)->set_data_location(onnx::TensorProto::EXTERNAL);
  expect_refused(external, {"initializer w", "another file"});
  OnnxWriter few = sound();
  few.graph().mutable_initializer(0)->mutable_float_data()->RemoveLast();
  expect_refused(few, {"initializer w", "35 values for 36 elements"});
  OnnxWriter raw = sound();
  raw.graph().mutable_initializer(0)->set_raw_data("123");
  expect_refused(raw, {"initializer w", "3 bytes"});
  OnnxWriter text = sound();
  text.graph().mutable_initializer(0)->set_data_type(onnx::TensorProto::STRING);
  expect_refused(text, {"initializer w", "element type 8"});
  for (std::int64_t const dim : {std::int64_t{-1}, std::int64_t{1} << 62, std::numeric_limits<std::int64_t>::min()}) {
    OnnxWriter absurd = sound();
    absurd.graph().mutable_initializer(0)->set_dims(0, dim);
    expect_refused(absurd, {"shape"});
  }
  for (float const value : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    OnnxWriter bad = sound();
    bad.graph().mutable_initializer(0)->set_float_data(5, value);
    expect_refused(bad, {"layer c", "NaN or infinite"});
  }
}

TEST(HostileOnnx, AbsurdWindowsAreRefused) {
  std::int64_t const huge = std::numeric_limits<std::int64_t>::max();
  auto const conv = [](std::string const& name, Ints const& values) {
    OnnxWriter writer({1, 2, 4, 4});
    writer.weights("w", {2, 2, 3, 3});
    writer.node("Conv", {"x", "w"}, "y", {{name, values}});
    return writer;
  };
  expect_refused(conv("strides", {0, 1}), {"strides"});
  expect_refused(conv("dilations", {huge, huge}), {"dilations"});
  expect_refused(conv("pads", {huge, huge, huge, huge}), {"pads"});
  expect_refused(conv("pads", {-1, 0, 0, 0}), {"pads"});
  expect_refused(conv("strides", {1, 1, 1}), {"strides", "3 numbers instead of 2"});
  expect_refused(conv("kernel_shape", {2, 2}), {"kernel_shape"});
  expect_refused(conv("group", {0}), {"kernel"});
  expect_refused(conv("group", {-7}), {"kernel"});
  OnnxWriter pool({1, 1, 4, 4});
  pool.node("MaxPool", {"x"}, "y", {{"kernel_shape", {2, 2}}, {"pads", {0, 0, 9, 9}}});
  expect_refused(pool, {"node y (MaxPool)", "does not touch the image"});
}

TEST(HostileOnnx, SmallFilesDoNotAskForMuchMemory) {
  OnnxWriter fill({1, 4});
  fill.integers("shape", {1 << 20, 1 << 19});
  fill.node("ConstantOfShape", {"shape"}, "big");
  fill.node("Add", {"x", "big"}, "y");
  expect_refused(fill, {"node big (ConstantOfShape)", "absurd"});

  OnnxWriter doubling({1, 4});
  doubling.integers("c0", {1, 2, 3, 4});
  for (int i = 0; i < 40; ++i) {
    std::string const from = "c" + std::to_string(i);
    doubling.node("Concat", {from, from}, "c" + std::to_string(i + 1), {{"axis", {0}}});
  }
  doubling.node("Reshape", {"x", "c40"}, "y");
  expect_refused(doubling, {"(Concat)", "absurd"});

  OnnxWriter outer({1, 4});
  outer.weights("a", {1 << 15, 1});
  outer.weights("b", {1, 1 << 15});
  outer.node("Add", {"a", "b"}, "big");
  outer.node("Add", {"x", "big"}, "y");
  expect_refused(outer, {"node big (Add)", "absurd"});

  OnnxWriter wide({1, 1 << 15, 1 << 14});
  wide.weights("c", {1 << 15, 1});
  wide.node("Mul", {"x", "c"}, "y");
  expect_refused(wide, {"node y (Mul)", "absurd"});

  OnnxWriter grow({1, 4});
  std::string from = "x";
  for (int i = 0; i < 40; ++i) {
    std::string const to = i == 39 ? "y" : "v" + std::to_string(i);
    grow.node("Concat", {from, from}, to, {{"axis", {1}}});
    from = to;
  }
  expect_refused(grow, {"2^30"});
}

TEST(HostileOnnx, IntegersThatOverflowAreRefused) {
  std::int64_t const least = std::numeric_limits<std::int64_t>::min();
  auto const folded = [](std::string const& type, std::int64_t a, std::int64_t b) {
    OnnxWriter writer({1, 4});
    writer.integers("a", {a});
    writer.integers("b", {b});
    writer.node(type, {"a", "b"}, "c");
    writer.node("Reshape", {"x", "c"}, "y");
    return writer;
  };
  expect_refused(folded("Div", least, -1), {"node c (Div)", "overflow"});
  expect_refused(folded("Div", 1, 0), {"node c (Div)"});
  expect_refused(folded("Mul", least, 2), {"node c (Mul)"});
  expect_refused(folded("Add", least, -1), {"node c (Add)"});
  expect_refused(folded("Sub", 0, least), {"node c (Sub)"});
  expect_refused(folded("Gather", 0, least), {"node c (Gather)", "axis"});
}

TEST(HostileOnnx, AxesAndIndicesOutsideTheirTensorAreRefused) {
  std::int64_t const least = std::numeric_limits<std::int64_t>::min(), most = std::numeric_limits<std::int64_t>::max();
  for (std::int64_t const axis : {std::int64_t{-9}, std::int64_t{4}, least, most}) {
    for (char const* type : {"Softmax", "Concat", "Split", "Flatten"}) {
      OnnxWriter writer({1, 2, 4, 4});
      writer.node(type, {"x"}, "y", {{"axis", {axis}}});
      if (std::string(type) == "Concat") writer.graph().mutable_node(0)->add_input("x");
      if (std::string(type) == "Flatten" && axis == 4) continue;  // everything before axis 4: one row per element
      expect_refused(writer, {type, "axis"});
    }
    OnnxWriter mean({1, 2, 4, 4});
    mean.node("ReduceMean", {"x"}, "y", {{"axes", {1, axis}}});
    expect_refused(mean, {"ReduceMean", "axis"});
    OnnxWriter squeeze({1, 2, 4, 4}, 11);
    squeeze.node("Squeeze", {"x"}, "y", {{"axes", {1, axis}}});
    expect_refused(squeeze, {"Squeeze", "axis"});
    OnnxWriter transpose({1, 2, 4, 4});
    transpose.node("Transpose", {"x"}, "y", {{"perm", {0, 1, 2, axis}}});
    expect_refused(transpose, {"Transpose", "axis"});
  }
  for (Ints const& perm : {Ints{0, 1, 1, 2}, Ints{0, 1}, Ints{1, 0, 2}}) {
    OnnxWriter writer({1, 2, 4, 4});
    writer.node("Transpose", {"x"}, "y", {{"perm", perm}});
    expect_refused(writer, {"Transpose"});
  }
  for (std::int64_t const step : {std::int64_t{0}, least, most, std::int64_t{2}}) {
    OnnxWriter writer({1, 9});
    writer.integers("s", {least});
    writer.integers("e", {most});
    writer.integers("a", {1});
    writer.integers("t", {step});
    writer.node("Slice", {"x", "s", "e", "a", "t"}, "y");
    expect_refused(writer, {"node y (Slice)", "step"});
  }
}

TEST(HostileOnnx, WhatMixesTheBatchIsRefused) {
  auto const reshape = [](Ints const& target) {
    OnnxWriter writer({2, 3, 4});
    writer.integers("s", target);
    writer.node("Reshape", {"x", "s"}, "y");
    return writer;
  };
  EXPECT_EQ(reshape({2, -1}).read().output_shape(), (Shape{12}));
  for (Ints const& target : {Ints{3, -1}, Ints{-1}, Ints{6, 4}, Ints{-1, 4}, Ints{1, 24}})
    expect_refused(reshape(target), {"Reshape", "batch"});
  expect_refused(reshape({0, -1, -1}), {"Reshape", "-1"});
  expect_refused(reshape({0, 5, -1}), {"Reshape"});
  expect_refused(reshape({0, std::numeric_limits<std::int64_t>::max(), 2}), {"2^40"});
  expect_refused(reshape({0, -7}), {"negative"});
  OnnxWriter computed({-1, 3, 4});
  computed.integers("two", {2});
  computed.node("Shape", {"x"}, "s");
  computed.node("Mul", {"s", "two"}, "t");
  computed.node("Reshape", {"x", "t"}, "y");
  expect_refused(computed, {"node t (Mul)", "batch size"});
}

TEST(HostileOnnx, NodesWithoutTheInputsTheyNeedAreRefused) {
  for (std::string const& type : onnx_op_names()) {
    SCOPED_TRACE(type);
    OnnxWriter none({1, 2, 4, 4});
    none.node(type, {}, "y");
    expect_refused(none, {});
    OnnxWriter empty({1, 2, 4, 4});
    empty.node(type, {"", "", ""}, "y");
    expect_refused(empty, {});
    // Any operator on any rank is read or refused, also with an input of integers behind it.
    for (Ints const& dims : {Ints{1}, Ints{1, 2}, Ints{1, 2, 3}, Ints{1, 2, 4, 4}, Ints{1, 2, 3, 4, 5}}) {
      for (std::size_t more = 0; more < 6; ++more) {
        OnnxWriter writer(dims);
        writer.integers("i", {1});
        writer.weights("w", {2});
        std::vector<std::string> inputs{"x"};
        for (std::size_t k = 0; k < more; ++k) inputs.push_back(k % 2 == more % 2 ? "i" : "w");
        writer.node(type, inputs, "y");
        try {
          writer.read();
        } catch (InputError const& error) {
          EXPECT_TRUE(std::string(error.what()).starts_with("model ")) << error.what();
        }
      }
    }
  }
}

}  // namespace
