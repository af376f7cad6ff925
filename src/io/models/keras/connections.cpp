#include "io/models/keras/connections.hpp"

#include "base/check.hpp"

namespace sonde::io::keras {
namespace {

/// Ten times what the largest models of the Keras applications have; the time to order them grows with the square.
void check_number(std::size_t layers, std::string const& where) {
  constexpr std::size_t limit = 10000;
  VALIDATE(layers <= limit,
           where << ": it has " << layers << " layers (more than " << limit << ", no model does). Check the file.");
}

Reference reference_of(Json const& value, std::string const& where) {
  VALIDATE(
      value.is_array() && value.size() >= 3 && value[0].is_string() && value[1].is_number_integer() &&
          value[2].is_number_integer(),
      where << ": a connection is not [layer, use, output] (every Keras version writes that). Check the architecture.");
  VALIDATE(value[2] == 0,
           where << ": it uses the second output of layer " << value[0] << " (sonde's layers have one output).");
  return {value[0].get<std::string>(), value[1].get<std::int64_t>()};
}

/// Keras 3 hides the connections in the arguments of a call: {"class_name": "__keras_tensor__", "config":
/// {"keras_history": [layer, use, output]}}.
void collect_history(Json const& value, std::string const& where, std::vector<Reference>& found) {
  if (has(value, "keras_history")) {
    found.push_back(reference_of(value["keras_history"], where));
  } else if (value.is_structured()) {
    for (Json const& element : value) collect_history(element, where, found);
  }
}

/// The uses of a layer, each [[layer, use, output, arguments], ...].
std::vector<std::vector<Reference>> inbound(Json const& layer, std::string const& where) {
  std::vector<std::vector<Reference>> uses;
  Json const& nodes = member(layer, "inbound_nodes", where);
  VALIDATE(nodes.is_array(), where << ": its inbound_nodes are no list (Keras writes one). Check the architecture.");
  for (Json const& node : nodes) {
    std::vector<Reference>& inputs = uses.emplace_back();
    if (node.is_object()) {
      collect_history(node, where, inputs);
      continue;
    }
    VALIDATE(node.is_array(), where << ": a connection is no list (Keras writes one). Check the architecture.");
    for (Json const& reference : node) inputs.push_back(reference_of(reference, where));
  }
  return uses;
}

}  // namespace

bool is_model(std::string const& class_name) {
  return class_name == "Sequential" || class_name == "Model" || class_name == "Functional";
}

std::string class_of(Json const& layer, std::string const& where) {
  return string_of(member(layer, "class_name", where), where);
}

/// Functional models have the name beside the class, sequential ones in the settings.
std::string name_of(Json const& layer, std::string const& where) {
  if (has(layer, "name")) return string_of(layer["name"], where);
  return string_of(member(member(layer, "config", where), "name", where), where);
}

/// The layers of a model. Keras before 2.2.3 wrote a bare list for a Sequential.
Json const& layers_of(Json const& model, std::string const& where) {
  Json const& config = member(model, "config", where);
  Json const& layers = config.is_array() ? config : member(config, "layers", where);
  VALIDATE(layers.is_array() && !layers.empty(),
           where << ": it has no list of layers (a model has at least one). Check the file.");
  check_number(layers.size(), where);
  return layers;
}

/// The only entry of input_layers or output_layers: [[layer, use, output]], or without the outer list (Keras 3).
Reference only_end(Json const& model, char const* key, std::string const& where) {
  Json const& ends = member(member(model, "config", where), key, where);
  VALIDATE(ends.is_array() && !ends.empty(),
           where << ": '" << key << "' is empty (a model has one). Check the architecture.");
  if (!ends[0].is_array()) return reference_of(ends, where);
  VALIDATE(ends.size() == 1,
           where << ": it has " << ends.size() << " " << key
                 << " (sonde takes models with one input and one output). Save the part that is to be tested.");
  return reference_of(ends[0], where);
}

std::vector<Use> collect_uses(Json const& model, std::string const& where) {
  std::vector<Use> uses;
  for (Json const& layer : layers_of(model, where)) {
    if (class_of(layer, where) == "InputLayer") continue;
    std::string const name = name_of(layer, where);
    std::int64_t index = 0;
    for (auto& inputs : inbound(layer, where + ", layer " + name))
      uses.push_back({&layer, {name, index++}, std::move(inputs)});
    // Keras counts the making of a nested model as its first use; not every version does, so that a model used once is
    // known under both numbers.
    VALIDATE(!is_model(class_of(layer, where)) || index == 1, where << ", layer " << name << ": a model is used "
                                                                    << index
                                                                    << " times as a layer (sonde supports one use).");
  }
  check_number(uses.size(), where);
  return uses;
}

}  // namespace sonde::io::keras
