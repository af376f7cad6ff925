// The model being built while the nodes of an ONNX graph are converted one after the other.
//
// Layout: ONNX images are (N, C, H, W), sonde's are (H, W, C). A value of rank 4 carries a flag that says in which
// order it is stored. Elementwise and spatial ops keep the flag; ops that need the file's order call plain() first.
//
// Batch: samples are stored without it, whatever axis of the file it is. It is axis 0 but in models of sequences, which
// PyTorch and ONNX's recurrent operators write as (time, batch, features): so every value says which axis it is.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "io/models/model_file.hpp"
#include "io/models/onnx/constant.hpp"

namespace onnx {
class GraphProto;
class NodeProto;
}  // namespace onnx

namespace sonde::io::onnx_reader {

/// What a name of the graph stands for: a constant, or an activation (the output of a node of the model).
struct Value {
  std::shared_ptr<Constant const> constant;  // null: an activation
  int node = -1;
  bool channels_last = false;   // stored (H, W, C), in the file (C, H, W)
  std::int64_t batch_axis = 0;  // in the file
  int layer = -1;               // the counted layer this is the end of so far
  bool activated = false;       // only further activations may join that layer
};

/// How the output of a node counts as neurons.
enum class Role {
  none,           // not at all: reshaping, padding
  pass,           // the same values under another name
  product,        // opens a layer, to which normalisation and activation may follow
  normalisation,  // belongs to the product before it, else opens a layer
  affine,         // arithmetic with constants: belongs to the product before it, else does not count
  activation,     // belongs to the product, normalisation or activation before it, else opens a layer
  layer           // is a layer: pooling, addition, concatenation, softmax
};

class Graph {
 public:
  /// `limit`: elements of weights and constants that may be made; a file that asks for more is absurd.
  Graph(std::string path, ::onnx::GraphProto const& graph, std::int64_t opset, ModelBuilder builder,
        std::int64_t limit);

  std::string const& path() const { return path_; }
  std::int64_t opset() const { return opset_; }

  /// The fixed extent of the batch in the file; none when it is symbolic.
  std::optional<std::int64_t> batch;

  /// Null when no earlier node, initializer or input has that name.
  Value const* find(std::string const& name) const;
  /// Throws InputError when the name stands already.
  void define(std::string const& name, Value value);
  /// Number of uses by nodes the output depends on, the output itself being one.
  int uses(std::string const& name) const;
  /// The one node that uses the value; null when there are more or none.
  ::onnx::NodeProto const* only_user(std::string const& name) const;
  /// Whether a value is only used to pick rows of a table, perhaps after its axes have been moved.
  bool are_ids(std::string const& name) const;
  /// Whether the model's output depends on the node.
  bool needed(::onnx::NodeProto const& node) const { return needed_.contains(&node); }
  /// Takes a node into an earlier one (a bias into its product): it then passes its input on.
  void absorb(::onnx::NodeProto const* node) { absorbed_.insert(node); }
  bool absorbed(::onnx::NodeProto const& node) const { return absorbed_.contains(&node); }

  /// Draws on the limit; throws InputError naming `where` when it is passed.
  void charge(std::int64_t elements, std::string const& where);

  /// Shape of a sample as stored.
  Shape const& stored_shape(Value const& value) const { return builder_.shape(value.node); }
  /// Shape of a sample in the file's order.
  Shape file_shape(Value const& value) const;
  /// Rank in the file, with the batch.
  std::int64_t rank(Value const& value) const { return static_cast<std::int64_t>(stored_shape(value).size()) + 1; }

  /// The batch stays on the axis it has in the first input.
  Value add(std::string const& name, Op op, std::vector<Value> const& inputs, bool channels_last);
  /// Counts `value`, the output of the node `name`, by its role; `from` is the activation it was computed from and
  /// `only_use` whether nothing else uses that.
  void count(std::string const& name, Role role, Value const& from, bool only_use, Value& value);

  ModelFile finish(Value const& output) &&;

 private:
  std::string path_;
  std::int64_t opset_;
  ModelBuilder builder_;
  std::int64_t limit_;
  std::map<std::string, Value> values_;
  std::map<std::string, std::vector<::onnx::NodeProto const*>> users_;  // null: the output of the graph
  std::set<::onnx::NodeProto const*> needed_, absorbed_;
  std::vector<CountedLayer> layers_;
};

}  // namespace sonde::io::onnx_reader
