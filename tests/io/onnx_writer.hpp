// Writes small ONNX files for tests.
#pragma once

#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <concepts>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "base/check.hpp"
#include "harness/shared_data.hpp"
#include "io/models/model_file.hpp"

namespace sonde::test {

using Ints = std::vector<std::int64_t>;

/// Where the running test may write a file of that name.
inline std::string onnx_path(std::string const& name) {
  auto const* test = testing::UnitTest::GetInstance()->current_test_info();
  std::filesystem::path const folder = scratch_path("onnx") / test->name();
  std::filesystem::create_directories(folder);
  return (folder / name).string();
}

/// Removes what onnx_path() made.
struct RemoveOnnxFiles : testing::Environment {
  void TearDown() override { std::filesystem::remove_all(scratch_path("onnx")); }
};

inline void write_bytes(std::string const& path, std::string const& bytes) {
  std::ofstream out(path, std::ios::binary);
  out << bytes;
}

struct OnnxWriter {
  onnx::ModelProto model;

  /// An input of float32 `x` and an output `y`. A negative extent is symbolic.
  explicit OnnxWriter(Ints const& dims, std::int64_t opset = 13) {
    model.set_ir_version(7);
    model.add_opset_import()->set_version(opset);
    graph().set_name("g");
    input("x", dims);
    graph().add_output()->set_name("y");
  }

  onnx::GraphProto& graph() { return *model.mutable_graph(); }

  onnx::ValueInfoProto& input(std::string const& name, Ints const& dims, int type = onnx::TensorProto::FLOAT) {
    auto& value = *graph().add_input();
    value.set_name(name);
    auto& tensor = *value.mutable_type()->mutable_tensor_type();
    tensor.set_elem_type(type);
    tensor.mutable_shape();
    for (std::int64_t const dim : dims) {
      auto& extent = *tensor.mutable_shape()->add_dim();
      if (dim >= 0) extent.set_dim_value(dim);
      if (dim < 0) extent.set_dim_param("n");
    }
    return value;
  }

  /// An initializer with values 0.5, 1, 1.5, ...
  onnx::TensorProto& weights(std::string const& name, Ints const& dims) {
    auto& tensor = *graph().add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    std::int64_t count = 1;
    for (std::int64_t const dim : dims) {
      tensor.add_dims(dim);
      count *= dim;
    }
    for (std::int64_t i = 0; i < count; ++i) tensor.add_float_data(0.5F * static_cast<float>(i + 1));
    return tensor;
  }

  onnx::TensorProto& integers(std::string const& name, Ints const& values) {
    auto& tensor = *graph().add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::INT64);
    tensor.add_dims(static_cast<std::int64_t>(values.size()));
    for (std::int64_t const value : values) tensor.add_int64_data(value);
    return tensor;
  }

  onnx::NodeProto& node(std::string const& type, std::vector<std::string> const& inputs, std::string const& output,
                        std::initializer_list<std::pair<std::string, Ints>> attributes = {}) {
    auto& made = *graph().add_node();
    made.set_op_type(type);
    for (std::string const& name : inputs) made.add_input(name);
    made.add_output(output);
    for (auto const& [name, values] : attributes) {
      auto& attribute = *made.add_attribute();
      attribute.set_name(name);
      if (values.size() == 1) attribute.set_i(values.front());
      for (std::int64_t const value : values) attribute.add_ints(value);
    }
    return made;
  }

  std::string bytes() const { return model.SerializeAsString(); }

  io::ModelFile read(std::string const& name = "model.onnx") const {
    std::string const path = onnx_path(name);
    write_bytes(path, bytes());
    return io::read_onnx(path, {});
  }
};

/// Runs `read` and expects an InputError whose message contains every text.
template <std::invocable Read>
void expect_refused(Read const& read, std::vector<std::string> const& texts) {
  try {
    read();
    ADD_FAILURE() << "it was read; expected: " << (texts.empty() ? "" : texts.front());
  } catch (InputError const& error) {
    std::string const message = error.what();
    EXPECT_TRUE(message.starts_with("model ")) << message;
    for (std::string const& text : texts)
      EXPECT_NE(message.find(text), std::string::npos) << message << "\nlacks: " << text;
  }
}

inline void expect_refused(OnnxWriter const& writer, std::vector<std::string> const& texts) {
  expect_refused([&] { writer.read(); }, texts);
}

}  // namespace sonde::test
