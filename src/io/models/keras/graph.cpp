#include "io/models/keras/graph.hpp"

#include <algorithm>
#include <optional>

#include "base/check.hpp"
#include "base/registry.hpp"
#include "io/models/keras/connections.hpp"

namespace sonde::io::keras {
namespace {

/// Where a layer stands: empty for those of the file's own model, "outer/" inside a nested one.
struct Scope {
  std::string prefix;
  std::string group;  // of the outermost nested model: the file keeps all its weights there
};

int add_model_in(Context& context, Json const& model, Scope const& scope, int input);

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
  if (kind.counted) context.builder.count(counted_name(context, name), layer.counted(output));
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

bool takes_sequences(Json const& model, std::string const& where) {
  return std::ranges::any_of(layers_of(model, where), [&](Json const& layer) {
    std::string const name = class_of(layer, where);
    if (is_model(name)) return takes_sequences(layer, where);
    return std::ranges::any_of(recurrent_layers(), [&](LayerKind const& kind) { return kind.name == name; });
  });
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
