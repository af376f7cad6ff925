// Recurrent models against independent float64 numbers and against what is known of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "backend/backend.hpp"
#include "base/check.hpp"
#include "io/h5.hpp"
#include "nn/behaviors.hpp"
#include "nn/mnist.hpp"
#include "nn/text_records.hpp"

namespace sonde {
namespace {

using Floats = std::vector<float>;

#ifdef __SANITIZE_ADDRESS__
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

std::shared_ptr<nn::Network const> read(std::string const& path, std::int64_t length = 0) {
  io::ModelOptions options;
  options.sequence_length = length;
  return std::make_shared<nn::Network const>(io::read_model(path, options));
}

std::shared_ptr<nn::Network const> shared_network(std::string const& name, std::int64_t length = 0) {
  return read(test::shared_path(name).string(), length);
}

std::shared_ptr<backend::Backend const> make_backend(std::string const& kind, nn::Network const& network) {
  return backend::make_backend(kind, network.file());
}

int node_named(nn::Network const& network, std::string const& name) {
  return nn::parse_units(name, network).front().node;
}

/// Largest difference in units of the largest value.
void expect_close(Floats const& actual, std::vector<double> const& expected, std::string const& what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  double largest = 0, worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    largest = std::max(largest, std::abs(expected[i]));
    worst = std::max(worst, std::abs(static_cast<double>(actual[i]) - expected[i]));
  }
  EXPECT_LE(worst, 1e-5 * largest) << what;
}

class RecurrentModels : public testing::TestWithParam<char const*> {
 protected:
  std::string kind() const { return GetParam(); }

  /// The reference backend takes minutes for whole data sets under the sanitizers, and runs the same code for a few
  /// rows.
  bool too_slow() const { return sanitized && kind() == "reference"; }

  /// Values of a node for all rows.
  Floats values(std::shared_ptr<nn::Network const> const& network, Floats const& rows, int node) const {
    std::int64_t const batch = static_cast<std::int64_t>(rows.size()) / volume(network->input_shape());
    nn::Runner runner(network, make_backend(kind(), *network), {{batch}, false, {node}, true});
    runner.forward(batch, rows.data());
    Floats result(
        static_cast<std::size_t>(batch * volume(network->file().nodes[static_cast<std::size_t>(node)].shape)));
    runner.node_values(batch, node, result.data());
    return result;
  }
  Floats values(std::shared_ptr<nn::Network const> const& network, Floats const& rows, std::string const& node) const {
    return values(network, rows, node_named(*network, node));
  }
  Floats outputs(std::shared_ptr<nn::Network const> const& network, Floats const& rows) const {
    return values(network, rows, network->file().output);
  }
};

struct Shakespeare {
  char const* file;
  char const* logits;  // node
};

TEST_P(RecurrentModels, ShakespeareAgreesWithGoldenNumbers) {
  SONDE_NEEDS_SHARED("golden/recurrent.h5");
  auto const golden = io::H5File::open(test::shared_path("golden/recurrent.h5"));
  auto const ids = golden.read<std::int64_t>("shakespeare/ids");  // (5, 60)
  Floats const rows(ids.begin(), ids.end());
  for (std::string const name : {"data/text/shakespeare.h5", "data/text/shakespeare.onnx"}) {
    auto const network = shared_network(name, 60);
    EXPECT_EQ(network->input_shape(), (Shape{60}));
    EXPECT_EQ(network->vocabulary(), 65);
    for (std::string const layer : {"1", "2"}) {
      std::string const group = "shakespeare/lstm" + layer;
      expect_close(values(network, rows, "lstm_" + layer), golden.read<double>(group + "/hidden"), name + group);
      expect_close(values(network, rows, "lstm_" + layer + ".cell"), golden.read<double>(group + "/cell"),
                   name + group + " cell");
    }
    expect_close(values(network, rows, network->logit_node()), golden.read<double>("shakespeare/logits"), name);
  }
}

TEST_P(RecurrentModels, ShakespearePredictsItsText) {
  SONDE_NEEDS_SHARED("data/text/shakespeare.txt");
  auto const known = test::vocabulary("data/text/shakespeare_vocab.json");
  std::int64_t const length = 4000;  // one record
  auto const network = shared_network("data/text/shakespeare.h5", length);
  Floats const ids =
      test::ids_of(test::file_text("data/text/shakespeare.txt").substr(0, 4001), known);  // facts/deepbase.md 5.A
  ASSERT_EQ(ids.size(), 4001U);
  Floats const rows(ids.begin(), ids.end() - 1);
  Floats const probabilities = outputs(network, rows);
  double bits = 0, right = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto const p = std::span(probabilities).subspan(i * 65, 65);
    auto const next = static_cast<std::size_t>(ids[i + 1]);
    bits -= std::log2(static_cast<double>(p[next]));
    right += static_cast<std::size_t>(std::ranges::max_element(p) - p.begin()) == next;
  }
  EXPECT_NEAR(bits / static_cast<double>(length), 1.87, 0.005);
  EXPECT_NEAR(right / static_cast<double>(length), 0.60, 0.005);
}

TEST_P(RecurrentModels, MnistAgreesWithGoldenNumbers) {
  SONDE_NEEDS_SHARED("golden/recurrent.h5");
  auto const golden = io::H5File::open(test::shared_path("golden/recurrent.h5"));
  auto const network = shared_network("data/mnist/testrnn_mnist_lstm.h5");
  std::vector<std::int64_t> indices(200);
  for (std::size_t i = 0; i < indices.size(); ++i) indices[i] = static_cast<std::int64_t>(i);
  Floats const images = test::mnist_images(indices);
  expect_close(values(network, images, network->logit_node()), golden.read<double>("mnist_lstm/logits"), "logits");
  Floats const first(images.begin(), images.begin() + 20 * 784);
  for (std::string const layer : {"1", "2"}) {
    expect_close(values(network, first, "lstm_" + layer), golden.read<double>("mnist_lstm/lstm" + layer + "/hidden"),
                 "layer " + layer);
  }
}

TEST_P(RecurrentModels, MnistAccuracies) {
  SONDE_NEEDS_SHARED("data/mnist/testrnn_mnist_lstm_2.h5");
  if (too_slow()) GTEST_SKIP() << "the reference backend under the sanitizers";
  std::vector<std::int64_t> indices(1000);
  for (std::size_t i = 0; i < indices.size(); ++i) indices[i] = static_cast<std::int64_t>(i);
  Floats const images = test::mnist_images(indices);
  auto const labels = test::mnist_labels();
  for (auto const& [name, accuracy] :
       {std::pair{"data/mnist/testrnn_mnist_lstm.h5", 980}, {"data/mnist/testrnn_mnist_lstm_2.h5", 984}}) {
    auto const network = shared_network(name);
    EXPECT_EQ(network->vocabulary(), 0);
    Floats const probabilities = outputs(network, images);
    int right = 0;
    for (std::size_t n = 0; n < 1000; ++n) {
      auto const p = std::span(probabilities).subspan(n * 10, 10);
      right += std::ranges::max_element(p) - p.begin() == labels[n];
    }
    EXPECT_EQ(right, accuracy) << name;
  }
}

TEST_P(RecurrentModels, LipophilicityErrors) {
  SONDE_NEEDS_SHARED("data/lipo/Lipo.h5");
  auto const known = test::vocabulary("data/lipo/smiles_vocab.json");
  std::istringstream table(test::file_text("data/lipo/Lipophilicity.csv"));
  std::string line;
  std::getline(table, line);
  Floats rows, wanted;
  while (std::getline(table, line) && wanted.size() < 1000) {  // the first that fit
    std::size_t const a = line.find(','), b = line.find(',', a + 1);
    Floats ids = test::ids_of(line.substr(b + 1), known);
    if (ids.size() > 80) continue;
    wanted.push_back(std::stof(line.substr(a + 1)));
    rows.insert(rows.end(), 80 - ids.size(), 0.0F);
    rows.insert(rows.end(), ids.begin(), ids.end());
  }
  ASSERT_EQ(wanted.size(), 1000U);
  for (auto const& [name, rmse] : {std::pair{"data/lipo/Lipo.h5", 0.216}, {"data/lipo/Lipo_2.h5", 1.044}}) {
    auto const network = shared_network(name);
    EXPECT_EQ(network->vocabulary(), 37);
    EXPECT_EQ(network->task(), nn::Task::regression);
    Floats const answers = outputs(network, rows);
    double sum = 0;
    for (std::size_t n = 0; n < wanted.size(); ++n) sum += std::pow(static_cast<double>(answers[n] - wanted[n]), 2);
    EXPECT_NEAR(std::sqrt(sum / 1000), rmse, 0.002) << name;
  }
}

/// The architecture textgenrnn builds, for its weights-only files.
constexpr char const* textgenrnn_architecture = R"({"class_name": "Model", "keras_version": "2.1.5", "config": {
  "name": "textgenrnn", "input_layers": [["input", 0, 0]], "output_layers": [["output", 0, 0]], "layers": [
  {"class_name": "InputLayer", "name": "input", "inbound_nodes": [],
   "config": {"name": "input", "batch_input_shape": [null, 40]}},
  {"class_name": "Embedding", "name": "embedding", "inbound_nodes": [[["input", 0, 0, {}]]],
   "config": {"name": "embedding", "input_dim": 465, "output_dim": 100, "mask_zero": false, "input_length": 40}},
  {"class_name": "CuDNNLSTM", "name": "rnn_1", "inbound_nodes": [[["embedding", 0, 0, {}]]],
   "config": {"name": "rnn_1", "units": 128, "return_sequences": true}},
  {"class_name": "CuDNNLSTM", "name": "rnn_2", "inbound_nodes": [[["rnn_1", 0, 0, {}]]],
   "config": {"name": "rnn_2", "units": 128, "return_sequences": true}},
  {"class_name": "Concatenate", "name": "rnn_concat",
   "inbound_nodes": [[["embedding", 0, 0, {}], ["rnn_1", 0, 0, {}], ["rnn_2", 0, 0, {}]]],
   "config": {"name": "rnn_concat", "axis": -1}},
  {"class_name": "AttentionWeightedAverage", "name": "attention", "inbound_nodes": [[["rnn_concat", 0, 0, {}]]],
   "config": {"name": "attention"}},
  {"class_name": "Dense", "name": "output", "inbound_nodes": [[["attention", 0, 0, {}]]],
   "config": {"name": "output", "units": 465, "activation": "softmax"}}]}})";

/// Contexts of 40 ids for each character of some titles, and the character that follows.
struct Titles {
  Floats rows;
  std::vector<std::size_t> next;
};

Titles titles(std::size_t characters) {
  auto const known = test::vocabulary("data/text/textgenrnn_vocab.json");
  std::istringstream text(test::file_text("data/text/hacker_news_2000.txt"));
  std::string line;
  std::getline(text, line);  // "title"
  Titles all;
  while (all.next.size() < characters && std::getline(text, line)) {
    Floats ids{static_cast<float>(known.at("<s>"))};
    for (float const id : test::ids_of(line, known)) {
      std::size_t const kept = std::min<std::size_t>(ids.size(), 40);
      all.rows.insert(all.rows.end(), 40 - kept, 0.0F);
      all.rows.insert(all.rows.end(), ids.end() - static_cast<std::ptrdiff_t>(kept), ids.end());
      all.next.push_back(static_cast<std::size_t>(id));
      ids.push_back(id);
    }
  }
  return all;
}

TEST_P(RecurrentModels, HackerNewsKnowsItsTitles) {
  SONDE_NEEDS_SHARED("data/text/hacker_news.onnx");
  if (too_slow()) GTEST_SKIP() << "the reference backend under the sanitizers";
  namespace fs = std::filesystem;
  fs::path const folder = test::scratch_path("recurrent-models");
  fs::create_directories(folder);
  fs::create_symlink(test::shared_path("data/text/hacker_news.hdf5"), folder / "hacker_news.hdf5");
  std::ofstream(folder / "hacker_news.json") << textgenrnn_architecture;
  auto const keras = read((folder / "hacker_news.hdf5").string());
  fs::remove_all(folder);
  auto const onnx = shared_network("data/text/hacker_news.onnx", 40);
  EXPECT_EQ(keras->vocabulary(), 465);

  Titles const text = titles(300);
  std::vector<Floats> answers;
  for (auto const& network : {keras, onnx}) {
    answers.push_back(outputs(network, text.rows));
    double bits = 0;
    for (std::size_t i = 0; i < text.next.size(); ++i)
      bits -= std::log2(static_cast<double>(answers.back()[i * 465 + text.next[i]]));
    EXPECT_NEAR(bits / static_cast<double>(text.next.size()), 0.43, 0.1) << network->file().format;
  }
  for (std::size_t i = 0; i < answers[0].size(); ++i) ASSERT_NEAR(answers[0][i], answers[1][i], 1e-4);
}

TEST_P(RecurrentModels, UnitsCellsAndGatesHaveARowForEachStep) {
  SONDE_NEEDS_SHARED("data/mnist/testrnn_mnist_lstm.h5");
  auto const network = shared_network("data/mnist/testrnn_mnist_lstm.h5");
  EXPECT_EQ(network->layers()[0].name, "lstm_1");
  EXPECT_EQ(network->layers()[1].name, "lstm_2");
  EXPECT_EQ(network->layers()[1].shape, (Shape{28, 128})) << "every step counts, whatever the layer returns";
  nn::Behaviors const behaviors(*network, {"lstm_2:0-2", "lstm_1.cell:5", "lstm_2.gates:511"}, nn::Reduce::map);
  EXPECT_EQ(behaviors.row_shape(), (Shape{28, 5}));
  Floats const images = test::mnist_images({3, 4});
  nn::Runner runner(network, make_backend(kind(), *network), {{2}, false, behaviors.nodes(), true});
  runner.forward(2, images.data());
  Floats scratch(behaviors.scratch(2)), rows(static_cast<std::size_t>(2 * 28 * 5));
  behaviors.values(runner, 2, 2, scratch.data(), rows.data());
  Floats const hidden = values(network, images, "lstm_2"), cell = values(network, images, "lstm_1.cell"),
               gates = values(network, images, "lstm_2.gates");
  for (std::size_t step = 0; step < 2 * 28; ++step) {
    EXPECT_EQ(rows[step * 5 + 2], hidden[step * 128 + 2]);
    EXPECT_EQ(rows[step * 5 + 3], cell[step * 128 + 5]);
    EXPECT_EQ(rows[step * 5 + 4], gates[step * 512 + 511]);
  }
}

/// Embedding, LSTM whose last step counts, and outputs; or the same without the embedding.
std::shared_ptr<nn::Network const> small_network(bool ids) {
  auto const weights = [](Shape const& shape, float scale) {
    auto tensor = std::make_shared<Tensor>(shape);
    for (std::size_t i = 0; i < tensor->data.size(); ++i) tensor->data[i] = scale * std::sin(static_cast<float>(3 * i));
    return tensor;
  };
  io::ModelBuilder build("small", "test", ids ? Shape{4} : Shape{4, 3}, "input");
  int const vectors = ids ? build.add("embedding", io::Embedding{weights({6, 3}, 1)}, {0}) : 0;
  int const sums = build.add("input", io::Dense{weights({3, 8}, 0.7F), nullptr}, {vectors});
  io::Recurrent op;
  op.weights = weights({2, 8}, 0.9F);
  int const states = build.add("lstm", op, {sums});
  build.count("lstm", states);
  int const last = build.add("last", io::Pad{{-3, 0}, {0, 0}, 0}, {states});
  int const flat = build.add("flat", io::Reshape{{2}}, {last});
  return std::make_shared<nn::Network const>(
      std::move(build).finish(build.add("outputs", io::Dense{weights({2, 3}, 1), nullptr}, {flat})));
}

TEST_P(RecurrentModels, GradientReachesTheEmbedding) {
  auto const network = small_network(true), rest = small_network(false);
  Floats const ids{1, 5, 0, 2, 3, 3, 4, 1};
  std::vector<backend::UnitPick> const starts{{0, 2, 1.0F}, {0, 0, -2.0F}}, picks{{0, 1, 3.0F}, {0, 0, 1.0F}};
  int const embedding = node_named(*network, "embedding");
  nn::Runner whole(network, make_backend(kind(), *network), {{2}, true, {}, false, embedding});
  Floats vectors(2 * 12), gradient(2 * 12);
  whole.forward(2, ids.data());
  whole.node_values(2, embedding, vectors.data());
  whole.backward(2, network->logit_node(), starts.data(), picks.data(), gradient.data());

  nn::Runner tail(rest, make_backend(kind(), *rest), {{2}, false});
  auto const objective = [&](Floats const& x) {
    Floats outputs(2 * 3), units(2 * 2);
    tail.forward(2, x.data());
    tail.outputs(2, outputs.data());
    tail.unit_values(2, 0, backend::UnitReduction::mean, units.data());
    return static_cast<double>(outputs[2]) - 2 * static_cast<double>(outputs[3]) + 3 * static_cast<double>(units[1]) +
           static_cast<double>(units[2]);
  };
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    Floats moved = vectors;
    moved[i] = vectors[i] + 0.01F;
    double const up = objective(moved);
    moved[i] = vectors[i] - 0.01F;
    EXPECT_NEAR(static_cast<double>(gradient[i]), (up - objective(moved)) / 0.02, 2e-3) << i;
  }
}

TEST_P(RecurrentModels, LengthOfRecordsIsNeeded) {
  SONDE_NEEDS_SHARED("data/text/shakespeare.onnx");
  for (char const* name : {"data/text/shakespeare.h5", "data/text/shakespeare.onnx"}) {
    try {
      shared_network(name);
      ADD_FAILURE() << name << " was read";
    } catch (InputError const& error) {
      EXPECT_NE(std::string(error.what()).find("sequences of any length"), std::string::npos) << error.what();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, RecurrentModels, testing::Values("reference", "cpu"),
                         [](auto const& backend) { return std::string(backend.param); });

}  // namespace
}  // namespace sonde
