#include "io/models/keras/graph.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.hpp"
#include "base/registry.hpp"

namespace sonde::io::keras {
namespace {

/// Where a layer stands: empty for those of the file's own model, "outer/" inside a nested one.
struct Scope {
  std::string prefix;
  std::string group;  // of the outermost nested model: the file keeps all its weights there
};

/// The output of a layer's use number `index`.
using Reference = std::pair<std::string, std::int64_t>;

/// One use of a layer in a functional model.
struct Use {
  Json const* layer = nullptr;
  Reference self;
  std::vector<Reference> inputs;
};

int add_model_in(Context& context, Json const& model, Scope const& scope, int input);

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

/// Ten times what the largest models of the Keras applications have; the time to order them grows with the square.
void check_number(std::size_t layers, std::string const& where) {
  constexpr std::size_t limit = 10000;
  VALIDATE(layers <= limit,
           where << ": it has " << layers << " layers (more than " << limit << ", no model does). Check the file.");
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

void check_channels_last(Layer const& layer) {
  std::string const order = layer.config().text({"data_format", "dim_ordering"}, "channels_last");
  VALIDATE(order == "channels_last" || order == "tf" || order == "default",
           layer.where() << ": data_format is " << order << " (sonde reads Keras models with channels last). "
                         << "Convert the model, or export it as ONNX.");
}

/// The name a layer is counted under: that of the file, or with a number when a layer is used several times.
std::string counted_name(Context& context, std::string const& name) {
  int& uses = context.counted[name];
  std::string unique = name;
  if (++uses > 1) {
    unique += "_" + std::to_string(uses);
    while (context.counted.contains(unique)) unique = name + "_" + std::to_string(++uses);
    context.counted[unique] = 1;
  }
  return unique;
}

/// The function of a layer's class.
LayerKind const& kind_of(std::string const& class_name, std::string const& where) {
  LayerKind const* kind = find_layer_kind(class_name);
  VALIDATE(kind, where << ": the Keras layer " << class_name << " is not supported (sonde knows "
                       << join(keras_layer_names()) << "). Use a model made of these.");
  return *kind;
}

/// Adds one use of one layer and returns its output.
int add_layer(Context& context, Json const& entry, Scope const& scope, std::vector<int> inputs) {
  std::string const model = "model " + context.path;
  std::string const class_name = class_of(entry, model);
  std::string const own_name = name_of(entry, model + ", a layer of class " + class_name);
  std::string const name = scope.prefix + own_name;
  std::string const where = model + ", layer " + name;
  if (is_model(class_name)) {
    VALIDATE(inputs.size() == 1,
             where << ": it is a model with " << inputs.size() << " inputs (sonde reads those with one).");
    return add_model_in(context, entry, {name + "/", scope.group.empty() ? own_name : scope.group}, inputs.front());
  }
  LayerKind const& kind = kind_of(class_name, where);
  LayerWeights weights =
      scope.group.empty() ? context.file.weights_of(own_name) : context.file.weights_inside(scope.group, own_name);
  Layer layer(context, name, member(entry, "config", where), std::move(weights), std::move(inputs));
  check_channels_last(layer);
  int const output = kind.build(layer);
  layer.check_all_used();
  if (kind.counted) context.builder.count(counted_name(context, name), output);
  return output;
}

int add_sequential(Context& context, Json const& model, Scope const& scope, int input) {
  std::string const where = "model " + context.path;
  int node = input;
  for (Json const& layer : layers_of(model, where)) {
    if (class_of(layer, where) != "InputLayer") node = add_layer(context, layer, scope, {node});
  }
  return node;
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

/// The nodes of `references`, or none while one of them is still to be made.
std::optional<std::vector<int>> resolve(std::map<Reference, int> const& nodes,
                                        std::vector<Reference> const& references) {
  std::vector<int> found;
  for (Reference const& reference : references) {
    auto const node = nodes.find(reference);
    if (node == nodes.end()) return std::nullopt;
    found.push_back(node->second);
  }
  return found;
}

/// Layers mostly stand in an order in which they can be computed, but need not: passes over what is left until all are
/// made.
int add_functional(Context& context, Json const& model, Scope const& scope, int input) {
  std::string const where = "model " + context.path;
  std::map<Reference, int> nodes{{only_end(model, "input_layers", where), input}};
  std::vector<Use> waiting = collect_uses(model, where);
  while (!waiting.empty()) {
    std::vector<Use> left;
    for (Use& use : waiting) {
      auto const inputs = resolve(nodes, use.inputs);
      if (!inputs) {
        left.push_back(std::move(use));
        continue;
      }
      int const node = add_layer(context, *use.layer, scope, *inputs);
      nodes[use.self] = node;
      if (is_model(class_of(*use.layer, where))) nodes[{use.self.first, 1}] = node;
    }
    VALIDATE(left.size() < waiting.size(),
             where << ", layer " << left.front().self.first
                   << ": its inputs do not lead to the model's input (a layer is missing, or they form a "
                   << "circle). Check the architecture.");
    waiting = std::move(left);
  }
  auto const output = resolve(nodes, {only_end(model, "output_layers", where)});
  VALIDATE(output,
           where << ": its output is not one of its layers (there is nothing to compute). Check the architecture.");
  return output->front();
}

int add_model_in(Context& context, Json const& model, Scope const& scope, int input) {
  bool const sequential = class_of(model, "model " + context.path) == "Sequential";
  return sequential ? add_sequential(context, model, scope, input) : add_functional(context, model, scope, input);
}

/// Shape without the batch from [null, 28, 28, 1].
std::optional<Shape> declared_shape(Json const& config, std::string const& where) {
  for (char const* key : {"batch_input_shape", "batch_shape", "build_input_shape"}) {
    if (!has(config, key)) continue;
    Json const& extents = config[key];
    VALIDATE(extents.is_array() && extents.size() >= 2,
             where << ": '" << key << "' is no list of extents (one per axis). Check the file.");
    Shape shape;
    for (std::size_t axis = 1; axis < extents.size(); ++axis) {
      bool const known =
          extents[axis].is_number_integer() && extents[axis] > 0 && extents[axis] < (std::int64_t{1} << 31);
      VALIDATE(known || extents[axis].is_null(),
               where << ": '" << key << "' has an extent that is no positive number below 2^31. Check the file.");
      shape.push_back(known ? extents[axis].get<std::int64_t>() : -1);
    }
    return shape;
  }
  return std::nullopt;
}

}  // namespace

void check_supported(Json const& model, std::string const& where) {
  for (Json const& layer : layers_of(model, where)) {
    std::string const class_name = class_of(layer, where);
    if (is_model(class_name)) {
      check_supported(layer, where);
    } else if (class_name != "InputLayer") {
      kind_of(class_name, where + ", layer " + name_of(layer, where));
    }
  }
}

ModelInput model_input(Json const& model, std::string const& where) {
  std::string const class_name = class_of(model, where);
  VALIDATE(is_model(class_name), where << ": the architecture is a " << class_name
                                       << " (a Sequential, Model or Functional is needed). Check the file.");
  Json const& layers = layers_of(model, where);
  Json const* first = &layers[0];
  if (class_name != "Sequential") {
    std::string const input = only_end(model, "input_layers", where).first;
    auto const found = std::ranges::find_if(layers, [&](Json const& layer) { return name_of(layer, where) == input; });
    VALIDATE(found != layers.end(),
             where << ": its input layer " << input << " is not among its layers. Check the architecture.");
    first = &*found;
  }
  if (is_model(class_of(*first, where))) return model_input(*first, where);
  std::string const name = class_of(*first, where) == "InputLayer" ? name_of(*first, where) : "input";
  auto shape = declared_shape(member(*first, "config", where), where);
  if (!shape) shape = declared_shape(model["config"], where);
  VALIDATE(shape, where << ": it does not state the shape of its input (it was saved before it was built). "
                        << "Give its first layer an input_shape and save it again.");
  return {*shape, name};
}

int add_model(Context& context, Json const& model, int input) { return add_model_in(context, model, {}, input); }

std::vector<std::string> structure_names() { return {"InputLayer", "Sequential", "Model", "Functional"}; }

}  // namespace sonde::io::keras
