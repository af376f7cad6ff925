// Keras activations: by name inside a layer, and as layers of their own.
#include <limits>
#include <optional>

#include "base/check.hpp"
#include "base/registry.hpp"
#include "io/models/keras/layer.hpp"

namespace sonde::io::keras {
namespace {

// Klambauer et al. 2017, "Self-Normalizing Neural Networks": alpha and lambda.
constexpr float selu_alpha = 1.6732632423543772F;
constexpr float selu_scale = 1.0507009873554805F;

std::vector<Registry<Op>::Entry> activation_entries(int keras_major) {
  // Keras 3 defines hard_sigmoid as relu6(x + 3) / 6, those before as clamp(0.2 x + 0.5, 0, 1).
  float const slope = keras_major >= 3 ? 1.0F / 6 : 0.2F;
  return {{"linear", Activation{Function::identity}},
          {"relu", Activation{Function::relu}},
          {"relu6", Activation{Function::relu_capped, 6}},
          {"leaky_relu", Activation{Function::leaky_relu, 0.2F}},
          {"elu", Activation{Function::elu, 1}},
          {"selu", Activation{Function::selu, selu_alpha, selu_scale}},
          {"sigmoid", Activation{Function::sigmoid}},
          {"hard_sigmoid", Activation{Function::hard_sigmoid, slope, 0.5F}},
          {"tanh", Activation{Function::tanh}},
          {"softplus", Activation{Function::softplus}},
          {"softsign", Activation{Function::softsign}},
          {"swish", Activation{Function::swish}},
          {"silu", Activation{Function::swish}},
          {"hard_swish", Activation{Function::hard_swish}},
          {"hard_silu", Activation{Function::hard_swish}},
          {"gelu", Activation{Function::gelu}},
          {"exponential", Activation{Function::exp}},
          {"softmax", Softmax{}},
          {"log_softmax", Softmax{true}}};
}

/// The function of that name.
Op named_op(Layer const& layer, std::string const& name) {
  auto const entries = activation_entries(layer.context().keras_major);
  std::vector<std::string> known;
  for (auto const& entry : entries) {
    if (entry.name == name) return entry.value;
    known.push_back(entry.name);
  }
  SONDE_FAIL_AS(InputError, layer.where() << ": its activation '" << name << "' is not supported (sonde knows "
                                          << join(known) << "). Use one of these.");
}

/// Adds the function of that name; nothing for linear.
int add_named(Layer& layer, int node, std::string const& name, bool own_step) {
  Op const op = named_op(layer, name);
  auto const* activation = std::get_if<Activation>(&op);
  bool const linear = activation && activation->function == Function::identity;
  return linear ? node : layer.add(op, {node}, own_step ? name : "");
}

/// An activation is given by its name; as {"class_name": "function", "config": name} by Keras 3; or as a whole layer.
int add_activation(Layer& layer, int node, Json const& value, bool own_step) {
  if (value.is_string()) return add_named(layer, node, value.get<std::string>(), own_step);
  Json const& config = member(value, "config", layer.where() + ", activation");
  if (config.is_string()) return add_named(layer, node, config.get<std::string>(), own_step);
  std::string const class_name = string_of(member(value, "class_name", layer.where() + ", activation"), layer.where());
  for (LayerKind const& kind : activation_layers()) {
    // An Activation inside an activation could go on for ever.
    if (kind.name != class_name || class_name == "Activation") continue;
    Layer inner(layer.context(), layer.name() + "." + class_name, config, {}, {node});
    return kind.build(inner);
  }
  SONDE_FAIL_AS(InputError, layer.where()
                                << ": its activation '" << class_name << "' is not supported (sonde does not know it). "
                                << "Use one that `sonde describe --ops` lists.");
}

int activation(Layer& layer) {
  Json const* value = layer.config().find({"activation"});
  return value ? add_activation(layer, layer.input(), *value, false) : layer.input();
}

/// f(x) = min(max_value, x) above the threshold, negative_slope (x - threshold) below.
int relu(Layer& layer) {
  LayerConfig const& config = layer.config();
  float const slope = config.number({"negative_slope"}, 0);
  float const threshold = config.number({"threshold"}, 0);
  bool const capped = config.find({"max_value"}) != nullptr;
  float const cap = config.number({"max_value"}, 0);
  VALIDATE(
      slope == 0 || threshold == 0,
      layer.where() << ": it has both a threshold and a negative slope (sonde supports one of them). Leave one out.");
  int const in = layer.input();
  if (slope == 0 && threshold == 0) {
    return layer.add(capped ? Activation{Function::relu_capped, cap} : Activation{Function::relu}, {in});
  }
  Activation const first =
      threshold != 0 ? Activation{Function::thresholded_relu, threshold} : Activation{Function::leaky_relu, slope};
  if (!capped) return layer.add(first, {in});
  // With a cap Keras clips what passed the threshold to [0, cap].
  float const floor = threshold != 0 ? 0 : std::numeric_limits<float>::lowest();
  return layer.add(Activation{Function::clip, floor, cap}, {layer.add(first, {in}, "below")});
}

int leaky_relu(Layer& layer) {
  return layer.add(Activation{Function::leaky_relu, layer.config().number({"negative_slope", "alpha"}, 0.3F)},
                   {layer.input()});
}

int elu(Layer& layer) {
  return layer.add(Activation{Function::elu, layer.config().number({"alpha"}, 1)}, {layer.input()});
}

int thresholded_relu(Layer& layer) {
  return layer.add(Activation{Function::thresholded_relu, layer.config().number({"theta"}, 1)}, {layer.input()});
}

int softmax(Layer& layer) {
  auto const rank = static_cast<std::int64_t>(layer.input_shape().size());
  if (layer.config().find({"axis"})) {
    std::vector<std::int64_t> const axes = layer.config().integers({"axis"});
    VALIDATE(
        axes.size() == 1 && (axes[0] == -1 || axes[0] == rank),
        layer.where() << ": it runs along another axis than the last (sonde supports the last only). Use axis -1.");
  }
  return layer.add(Softmax{}, {layer.input()});
}

/// The slopes of `stored`, whose shared axes have extent 1, for each element of a sample of shape `full`.
Weights spread(Tensor const& stored, Shape const& full) {
  auto slopes = std::make_shared<Tensor>(full);
  for (std::size_t i = 0; i < slopes->data.size(); ++i) {
    std::size_t rest = i, from = 0, step = 1;
    for (std::size_t axis = full.size(); axis-- > 0;) {
      auto const extent = static_cast<std::size_t>(full[axis]);
      if (stored.shape[axis] != 1) from += rest % extent * step;
      step *= static_cast<std::size_t>(stored.shape[axis]);
      rest /= extent;
    }
    slopes->data[i] = stored.data[from];
  }
  return slopes;
}

/// One slope per element of a sample; along shared axes (counted from 1) one for all.
int prelu(Layer& layer) {
  Shape const full = layer.input_shape();
  Shape stored = full;
  if (layer.config().find({"shared_axes"})) {
    for (std::int64_t axis : layer.config().integers({"shared_axes"})) {
      VALIDATE(axis >= 1 && axis <= static_cast<std::int64_t>(full.size()),
               layer.where() << ": its shared axis " << axis << " is outside a sample of shape " << to_string(full)
                             << " (axes count from 1). Check the architecture.");
      stored[static_cast<std::size_t>(axis - 1)] = 1;
    }
  }
  Weights slope = layer.weight(0, "alpha", stored);
  if (volume(stored) == 1) {
    slope = make_vector({slope->data[0]});
  } else if (volume(stored) == unit_count(full) && stored.back() == unit_count(full)) {
    slope = make_vector({slope->data.data(), slope->data.data() + slope->data.size()});
  } else {
    slope = spread(*slope, full);
  }
  return layer.add(PRelu{std::move(slope)}, {layer.input()});
}

}  // namespace

int activate(Layer& layer, int node) {
  Json const* value = layer.config().find({"activation"});
  return value ? add_activation(layer, node, *value, true) : node;
}

Activation activation_setting(Layer const& layer, LayerConfig const& config, LayerConfig::Names names,
                              std::string const& fallback) {
  std::string name = fallback;
  if (Json const* value = config.find(names)) {
    Json const& text = value->is_string() ? *value : member(*value, "config", layer.where() + ", activation");
    name = string_of(text, layer.where() + ", activation");
  }
  Op const op = named_op(layer, name);
  auto const* activation = std::get_if<Activation>(&op);
  VALIDATE(activation, layer.where() << ": its activation '" << name
                                     << "' works on all units at once (a recurrent layer needs one for each). "
                                     << "Use tanh.");
  return *activation;
}

std::vector<LayerKind> activation_layers() {
  return {{"Activation", activation}, {"ReLU", relu}, {"LeakyReLU", leaky_relu},
          {"PReLU", prelu},           {"ELU", elu},   {"ThresholdedReLU", thresholded_relu},
          {"Softmax", softmax}};
}

}  // namespace sonde::io::keras
