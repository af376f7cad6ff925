// Recurrent Keras layers: layouts of their weights, what they return, what is refused. Their numbers are tested on real
// models in tests/nn.
#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>

#include "base/check.hpp"
#include "harness/shared_data.hpp"
#include "io/models/model_file.hpp"
#include "keras_writer.hpp"

namespace sonde::io {
namespace {

using test::KerasWeight;
using test::KerasWriter;

/// first, first + 1, ...
KerasWeight counting(std::string name, std::vector<hsize_t> shape, float first = 1) {
  hsize_t size = 1;
  for (hsize_t extent : shape) size *= extent;
  std::vector<float> values(size);
  std::iota(values.begin(), values.end(), first);
  return {std::move(name), std::move(shape), std::move(values)};
}

std::vector<float> numbers(Weights const& weights) {
  return {weights->data.data(), weights->data.data() + weights->data.size()};
}

class KerasRecurrent : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// A Sequential of one layer "x" of that class over (steps, 3).
  ModelFile read(std::string const& class_name, std::string const& settings, std::vector<KerasWeight> const& weights,
                 std::string const& shape = "4, 3", std::string const& version = "2.2.4",
                 std::int64_t length = 0) const {
    std::string const path = folder_ / "model.h5";
    {
      KerasWriter file(path, R"({"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": ")" +
                                 class_name + R"(", "config": {"name": "x", "batch_input_shape": [null, )" + shape +
                                 "], " + settings + "}}]}}");
      file.attribute("keras_version", version);
      file.layer("x", weights);
    }
    ModelOptions options;
    options.sequence_length = length;
    return read_keras(path, options);
  }

  std::string refusal(std::string const& class_name, std::string const& settings,
                      std::vector<KerasWeight> const& weights, std::string const& shape = "4, 3") const {
    try {
      read(class_name, settings, weights, shape);
    } catch (InputError const& error) {
      return error.what();
    }
    return "was read";
  }

  static Recurrent const& recurrent(ModelFile const& model, std::string const& name = "x") {
    for (Node const& node : model.nodes) {
      if (node.name == name) return std::get<Recurrent>(node.op);
    }
    throw std::logic_error("no node " + name);
  }
  static Dense const& product(ModelFile const& model) { return std::get<Dense>(model.nodes[1].op); }

  static std::vector<KerasWeight> lstm_weights(std::string const& prefix = "") {
    return {counting(prefix + "k", {3, 8}), counting(prefix + "r", {2, 8}), counting(prefix + "b", {8})};
  }

 private:
  std::filesystem::path folder_ = test::scratch_path("keras-recurrent");
};

TEST_F(KerasRecurrent, LstmCountsEveryStepAndReturnsTheLast) {
  ModelFile const model = read("LSTM", R"("units": 2)", lstm_weights());
  ASSERT_EQ(model.layers.size(), 1U);
  EXPECT_EQ(model.layers[0].name, "x");
  EXPECT_EQ(model.nodes[static_cast<std::size_t>(model.layers[0].node)].shape, (Shape{4, 2}));
  EXPECT_EQ(model.output_shape(), (Shape{2}));
  EXPECT_EQ(model.parameters(), (3 + 2 + 1) * 8);
  EXPECT_EQ(recurrent(model, "x.cell").emit, Emit::cell);
  EXPECT_EQ(recurrent(model, "x.gates").emit, Emit::gates);
  EXPECT_EQ(op_name(model.nodes[2].op), "lstm");
  EXPECT_EQ(read("LSTM", R"("units": 2, "return_sequences": true)", lstm_weights()).output_shape(), (Shape{4, 2}));
}

TEST_F(KerasRecurrent, GatesOfEarlyVersionsAreHard) {
  auto const gate = [&](std::string const& settings, std::string const& version) {
    return recurrent(read("LSTM", R"("units": 2)" + settings, lstm_weights(), "4, 3", version)).gate;
  };
  EXPECT_EQ(gate("", "2.2.4").function, Function::hard_sigmoid);
  EXPECT_FLOAT_EQ(gate("", "2.2.4").alpha, 0.2F);
  EXPECT_EQ(gate("", "1.2.2").function, Function::hard_sigmoid);
  EXPECT_EQ(gate("", "2.2.4-tf").function, Function::sigmoid);
  EXPECT_EQ(gate("", "2.3.1").function, Function::sigmoid);
  EXPECT_EQ(gate(R"(, "recurrent_activation": "sigmoid")", "2.2.4").function, Function::sigmoid);
  EXPECT_FLOAT_EQ(gate(R"(, "recurrent_activation": "hard_sigmoid")", "3.0.0").alpha, 1.0F / 6);
}

TEST_F(KerasRecurrent, Keras1WritesEachGate) {
  std::vector<KerasWeight> weights;
  for (int g = 0; g < 4; ++g) {  // i, c, f, o
    std::string const name = std::to_string(g);
    weights.push_back({"W" + name, {3, 1}, std::vector<float>(3, static_cast<float>(g))});
    weights.push_back({"U" + name, {1, 1}, {10.0F * static_cast<float>(g)}});
    weights.push_back({"b" + name, {1}, {100.0F * static_cast<float>(g)}});
  }
  ModelFile const model = read("LSTM", R"("output_dim": 1, "inner_activation": "sigmoid", "return_sequences": true)",
                               weights, "4, 3", "1.2.2");
  EXPECT_EQ(numbers(product(model).weights), (std::vector<float>{0, 2, 1, 3, 0, 2, 1, 3, 0, 2, 1, 3}));
  EXPECT_EQ(numbers(product(model).bias), (std::vector<float>{0, 200, 100, 300}));
  EXPECT_EQ(numbers(recurrent(model).weights), (std::vector<float>{0, 20, 10, 30}));
  EXPECT_EQ(recurrent(model).gate.function, Function::sigmoid);
}

TEST_F(KerasRecurrent, CudnnMatricesAreTransposedGateByGate) {
  // Gate 0 of the kernel, read row by row, is 1 2 9 10 17 18: (units, rows) = 1 2 9 / 10 17 18.
  ModelFile const model =
      read("CuDNNLSTM", R"("units": 2)",
           {counting("k", {3, 8}), counting("r", {2, 8}), {"b", {16}, std::vector<float>(16, 1.5F)}});
  auto const kernel = numbers(product(model).weights);
  EXPECT_EQ((std::vector<float>{kernel[0], kernel[1], kernel[8], kernel[9], kernel[16], kernel[17]}),
            (std::vector<float>{1, 10, 2, 17, 9, 18}));
  auto const inner = numbers(recurrent(model).weights);
  EXPECT_EQ((std::vector<float>{inner[0], inner[1], inner[8], inner[9]}), (std::vector<float>{1, 9, 2, 10}));
  EXPECT_EQ(numbers(product(model).bias), std::vector<float>(8, 3));
  EXPECT_EQ(recurrent(model).gate.function, Function::sigmoid);
  // The same weights under the class LSTM, as Keras loads them too.
  ModelFile const plain =
      read("LSTM", R"("units": 2)", {counting("k", {3, 8}), counting("r", {2, 8}), counting("b", {16})});
  EXPECT_EQ(numbers(product(plain).weights), kernel);
}

TEST_F(KerasRecurrent, BiasesOfGru) {
  ModelFile const before = read("GRU", R"("units": 1, "reset_after": false)",
                                {counting("k", {3, 3}), counting("r", {1, 3}), counting("b", {3})});
  EXPECT_FALSE(recurrent(before).reset_after);
  EXPECT_EQ(recurrent(before).bias, nullptr);
  EXPECT_EQ(numbers(product(before).bias), (std::vector<float>{1, 2, 3}));
  for (std::string const name : {"GRU", "CuDNNGRU"}) {
    std::vector<hsize_t> const shape = name == "GRU" ? std::vector<hsize_t>{2, 3} : std::vector<hsize_t>{6};
    ModelFile const after = read(name, R"("units": 1, "reset_after": true)",
                                 {counting("k", {3, 3}), counting("r", {1, 3}), counting("b", shape)});
    EXPECT_TRUE(recurrent(after).reset_after);
    EXPECT_EQ(numbers(product(after).bias), (std::vector<float>{1 + 4, 2 + 5, 3}));
    EXPECT_EQ(numbers(recurrent(after).bias), std::vector<float>{6});
  }
}

TEST_F(KerasRecurrent, BidirectionalCountsBothDirections) {
  std::vector<KerasWeight> weights = lstm_weights("f");
  for (KerasWeight& weight : lstm_weights("b")) weights.push_back(std::move(weight));
  auto const both = [&](std::string const& mode, bool sequences) {
    return read("Bidirectional",
                R"("merge_mode": ")" + mode + R"(", "layer": {"class_name": "LSTM", "config": {"name": "y", "units": 2,
                "return_sequences": )" +
                    (sequences ? "true" : "false") + "}}",
                weights);
  };
  EXPECT_EQ(both("concat", true).output_shape(), (Shape{4, 4}));
  EXPECT_EQ(both("concat", false).output_shape(), (Shape{4}));
  for (std::string const mode : {"sum", "mul", "ave"}) {
    ModelFile const model = both(mode, true);
    EXPECT_EQ(model.output_shape(), (Shape{4, 2}));
    EXPECT_EQ(both(mode, false).output_shape(), (Shape{2}));
    ASSERT_EQ(model.layers.size(), 1U);
    EXPECT_EQ(model.nodes[static_cast<std::size_t>(model.layers[0].node)].shape, (Shape{4, 4}));
    EXPECT_FALSE(recurrent(model, "x.forward").backwards);
    EXPECT_TRUE(recurrent(model, "x.backward").backwards);
    EXPECT_EQ(recurrent(model, "x.backward.cell").emit, Emit::cell);
  }
}

TEST_F(KerasRecurrent, EmbeddingSaysHowManyIds) {
  KerasWeight const table = counting("e", {5, 2});
  ModelFile const model = read("Embedding", R"("input_dim": 5, "output_dim": 2)", {table}, "7");
  EXPECT_EQ(model.vocabulary(), 5);
  EXPECT_EQ(model.output_shape(), (Shape{7, 2}));
  EXPECT_EQ(model.parameters(), 10);
  EXPECT_EQ(read("Embedding", R"("input_dim": 5, "output_dim": 2)", {table}, "null", "2.2.4", 9).input_shape(),
            (Shape{9}));
  EXPECT_NE(refusal("Embedding", R"("input_dim": 5, "output_dim": 2)", {table}, "null").find("sequences of any length"),
            std::string::npos);
  EXPECT_NE(
      refusal("Embedding", R"("input_dim": 5, "output_dim": 2, "mask_zero": true)", {table}, "7").find("mask_zero"),
      std::string::npos);
}

TEST_F(KerasRecurrent, RefusesWithAReason) {
  auto const expect = [](std::string const& message, std::string const& part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  expect(refusal("LSTM", R"("units": 3)", lstm_weights()), "kernel");
  expect(refusal("LSTM", R"("units": 2)", {}), "not in the file");
  expect(refusal("LSTM", R"("units": 0)", lstm_weights()), "0 units");
  expect(refusal("LSTM", R"("units": 2, "activation": "softmax")", lstm_weights()), "all units at once");
  expect(refusal("LSTM", R"("units": 2, "recurrent_activation": "relu")", lstm_weights()),
         "gates use the function relu");
  expect(refusal("LSTM", R"("units": 2, "go_backwards": true, "return_sequences": true)", lstm_weights()),
         "reverse order");
  expect(refusal("LSTM", R"("units": 2)", lstm_weights(), "4, 3, 3"), "steps of features");
  expect(refusal("Bidirectional", R"("merge_mode": "concat")", lstm_weights()), "no layer inside");
  expect(refusal("Bidirectional", R"("merge_mode": null, "layer": {"class_name": "LSTM", "config": {"units": 2}})",
                 lstm_weights()),
         "merge_mode");
  expect(refusal("Bidirectional", R"("merge_mode": "sum", "layer": {"class_name": "ConvLSTM2D", "config": {}})", {}),
         "ConvLSTM2D");
  expect(refusal("TimeDistributed", R"("layer": {"class_name": "Flatten", "config": {}})", {}), "Flatten");
  expect(refusal("TimeDistributed", R"("layer": {"class_name": "TimeDistributed", "config": {}})", {}),
         "TimeDistributed");
}

}  // namespace
}  // namespace sonde::io
