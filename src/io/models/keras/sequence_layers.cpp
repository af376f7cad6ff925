#include <algorithm>
#include <array>

#include "base/check.hpp"
#include "io/models/keras/sequence.hpp"

namespace sonde::io::keras {
namespace {

/// Ids to vectors.
int embedding(Layer& layer) {
  VALIDATE(!layer.config().flag({"mask_zero"}, false),
           layer.where() << ": mask_zero is set (Keras then skips the steps with id 0, which sonde does not). Train it "
                            "without a mask.");
  Weights table =
      layer.weight(0, "embeddings", {layer.config().integer({"input_dim"}), layer.config().integer({"output_dim"})});
  return layer.add(Embedding{std::move(table)}, {layer.input()});
}

/// Layers that treat the last axis alike at every place before it, so that they need not know of the steps.
bool works_on_last_axis(std::string const& name) {
  static constexpr std::array names{
      "Dense",           "Activation",      "ReLU",          "LeakyReLU",   "ELU", "Softmax", "Dropout",
      "ThresholdedReLU", "GaussianDropout", "GaussianNoise", "AlphaDropout"};
  return std::ranges::find(names, name) != names.end();
}

/// A layer applied to every step.
int time_distributed(Layer& layer) {
  Json const* inner = layer.config().find({"layer"});
  VALIDATE(inner, layer.where() << ": it has no layer inside (it applies one to every step). Check the architecture.");
  std::string const name = string_of(member(*inner, "class_name", layer.where()), layer.where());
  LayerKind const* kind = find_layer_kind(name);
  VALIDATE(kind && works_on_last_axis(name), layer.where()
                                                 << ": it applies a " << name
                                                 << " to every step (sonde supports Dense, activations and dropout "
                                                    "there). Use one of these.");
  Layer step(layer.context(), layer.name(), member(*inner, "config", layer.where()), layer.hand_over_weights(),
             layer.inputs());
  int const output = kind->build(step);
  step.check_all_used();
  return output;
}

/// textgenrnn's (DeepMoji's) AttentionWeightedAverage: the mean of the steps x_t weighted by softmax(x W)_t.
int attention_weighted_average(Layer& layer) {
  Shape const in = layer.input_shape();
  VALIDATE(in.size() == 2, layer.where() << ": its input has shape " << to_string(in)
                                         << " (it takes steps of features). Check the architecture.");
  int const scores = layer.add(Dense{layer.weight(0, "weights", {in[1], 1}), nullptr}, {layer.input()}, "scores");
  int const flat = layer.add(Reshape{{in[0]}}, {scores}, "flat");
  int const weights = layer.add(Softmax{}, {flat}, "weights");
  int const column = layer.add(Reshape{{in[0], 1}}, {weights}, "column");
  int const product = layer.add(Binary{BinaryFunction::multiply, nullptr, false}, {layer.input(), column}, "product");
  int const mean = layer.add(ReduceMean{{0}, false}, {product}, "mean");
  return layer.add(ScaleShift{make_vector({static_cast<float>(in[0])}), make_vector({0})}, {mean});
}

}  // namespace

int add_last_step(Layer& layer, int sequence, bool backwards, std::string const& step) {
  Shape const shape = layer.shape(sequence);
  std::int64_t const others = shape[0] - 1;
  Pad const crop{{backwards ? 0 : -others, 0}, {backwards ? -others : 0, 0}, 0};
  int const last = layer.add(crop, {sequence}, step + "last");
  return layer.add(Reshape{{shape[1]}}, {last}, step + "output");
}

std::vector<LayerKind> sequence_layers() {
  return {{"Embedding", embedding},
          {"TimeDistributed", time_distributed},
          {"AttentionWeightedAverage", attention_weighted_average}};
}

}  // namespace sonde::io::keras
