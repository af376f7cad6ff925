// A trained model as read from a file, independent of its format.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "io/models/ops.hpp"

namespace sonde::io {

/// One operation: its inputs are the outputs of earlier nodes.
struct Node {
  std::string name;  // unique; the layer's name, or layer name and step ("block1_conv1.relu")
  Op op;
  std::vector<int> inputs;
  Shape shape;  // of its output, per sample
};

/// A layer whose units count as neurons: the last axis of one node's output.
struct CountedLayer {
  std::string name;
  int node = 0;
};

struct ModelFile {
  std::string path;
  std::string format;           // "keras", "onnx"
  std::string sha256;           // of the file's bytes; of weights and architecture together where those are two files
  bool channels_first = false;  // the file's own order for images; for messages and for shapes shown to users
  std::vector<Node> nodes;      // in an order in which they can be computed; node 0 is the input
  int output = 0;
  std::vector<CountedLayer> layers;

  Shape const& input_shape() const { return nodes.front().shape; }
  Shape const& output_shape() const { return nodes[static_cast<std::size_t>(output)].shape; }
  /// Number of weights; those that several nodes share count once.
  std::int64_t parameters() const;
  /// Number of counted neurons.
  std::int64_t units() const;
  /// Number of ids its embeddings have rows for: a model of sequences of symbols takes the ids 0 to vocabulary() - 1.
  /// 0 for a model that takes numbers.
  std::int64_t vocabulary() const;
};

/// Appends nodes, inferring and checking shapes.
class ModelBuilder {
 public:
  ModelBuilder(std::string path, std::string format, Shape input_shape, std::string input_name);

  /// Index of the new node. A name that stands already gets "_2", "_3", ... Throws InputError naming path and layer
  /// when the op does not fit its inputs or a weight is NaN or infinite.
  int add(std::string name, Op op, std::vector<int> inputs);
  /// Counts the units of a node as the layer `name`.
  void count(std::string name, int node);
  Shape const& shape(int node) const;
  ModelFile finish(int output) &&;

 private:
  ModelFile file_;
  std::map<std::string, int> uses_;
};

/// How a model file is to be read.
struct ModelOptions {
  /// Lambda layers by name: y = scale x + offset. A Lambda layer that is not named here is refused.
  std::map<std::string, std::pair<float, float>> lambdas;
  /// Steps of a record, for models of sequences whose length the file leaves open; 0: the file must say it.
  std::int64_t sequence_length = 0;
};

/// Reads a model, choosing the format by content (HDF5 signature: Keras; otherwise ONNX). Throws InputError for a file
/// that is missing, damaged or uses what sonde does not support (named, with the list of supported layers).
ModelFile read_model(std::string const& path, ModelOptions const& options = {});

/// The length of a model's sequences where the file leaves it open. Throws InputError when `options` does not say it.
std::int64_t open_length(std::string const& path, ModelOptions const& options);

/// The readers behind read_model().
ModelFile read_keras(std::string const& path, ModelOptions const& options);
ModelFile read_onnx(std::string const& path, ModelOptions const& options);

/// What the readers support, for `sonde describe --ops` and for messages.
std::vector<std::string> keras_layer_names();
std::vector<std::string> onnx_op_names();

}  // namespace sonde::io
