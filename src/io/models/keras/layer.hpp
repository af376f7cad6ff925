// What a function that turns one Keras layer into nodes is given, and the table of those functions.
//
// A new layer is one function `int name(Layer& layer)`, returning the node of the layer's output, and one line in the
// table at the end of the file it stands in.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "io/models/keras/config.hpp"
#include "io/models/keras/weights.hpp"
#include "io/models/model_file.hpp"

namespace sonde::io::keras {

/// What is the same for every layer of a file.
struct Context {
  std::string const& path;
  WeightFile& file;
  ModelBuilder& builder;
  ModelOptions const& options;
  int keras_major = 2;                   // of the Keras that wrote the file
  bool hard_gates = false;               // gates of recurrent layers are hard_sigmoid unless said otherwise
  bool theano = false;                   // Theano turns kernels round
  std::map<std::string, int> counted{};  // how often each name was given to a counted layer
};

/// One use of one layer.
class Layer {
 public:
  Layer(Context& context, std::string name, Json const& config, LayerWeights weights, std::vector<int> inputs);

  std::string const& name() const { return name_; }
  LayerConfig const& config() const { return config_; }
  Context& context() const { return context_; }
  /// "model PATH, layer NAME", for messages.
  std::string const& where() const { return config_.where(); }

  std::vector<int> const& inputs() const { return inputs_; }
  /// The node this layer reads. Throws InputError when there are several.
  int input() const;
  Shape const& shape(int node) const { return context_.builder.shape(node); }
  Shape const& input_shape() const { return shape(input()); }
  /// The same, of an image: (H, W, C). Throws InputError for another rank.
  Shape const& image_shape() const;

  /// Adds a node named after the layer ("conv1") or, with `step`, after a part of it ("conv1.relu").
  int add(Op op, std::vector<int> inputs, std::string const& step = "");

  /// The layer's weight number `index` in the file's order; `what` names it in messages. Throws InputError when the
  /// file has no such weight or it has another shape than `expected`.
  Weights weight(std::size_t index, char const* what, Shape const& expected);
  std::size_t weight_count() const { return weights_.names.size(); }
  /// Shape of weight number `index` in the file. Throws InputError when there is none.
  Shape weight_shape(std::size_t index) const;
  /// The layer around another one has its weights; it asks for all of them.
  LayerWeights hand_over_weights();
  /// Declares the weights that were not asked for as not needed.
  void ignore_further_weights() { used_ = weights_.names.size(); }
  /// Throws InputError when the file has more weights for the layer than it asked for.
  void check_all_used() const;

  /// Units are counted at `node` instead of at the output.
  void count_at(int node) { counted_ = node; }
  int counted(int output) const { return counted_ < 0 ? output : counted_; }

 private:
  Context& context_;
  std::string name_;
  LayerConfig config_;
  LayerWeights weights_;
  std::vector<int> inputs_;
  std::size_t used_ = 0;
  int counted_ = -1;
};

/// A tensor of rank 1.
Weights make_vector(std::vector<float> const& values);

/// Adds the function a layer's setting "activation" asks for: returns `node` itself for none or linear.
int activate(Layer& layer, int node);

/// The elementwise function a setting of a recurrent layer names. Throws InputError for one that is unknown, or works
/// on all units at once.
Activation activation_setting(Layer const& layer, LayerConfig const& config, LayerConfig::Names names,
                              std::string const& fallback);

struct LayerKind {
  std::string name;            // Keras' class name
  int (*build)(Layer& layer);  // returns the output's node
  bool counted = true;         // whether its units count as neurons: not those of a flatten-like layer
};

/// The layers of each file.
std::vector<LayerKind> core_layers();
std::vector<LayerKind> image_layers();
std::vector<LayerKind> activation_layers();
std::vector<LayerKind> merge_layers();
std::vector<LayerKind> recurrent_layers();

/// Every layer but models and InputLayer.
std::vector<LayerKind> const& layer_kinds();
/// Null when there is none of that name.
LayerKind const* find_layer_kind(std::string const& class_name);

}  // namespace sonde::io::keras
