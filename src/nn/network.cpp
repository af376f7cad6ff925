#include "nn/network.hpp"

#include "base/check.hpp"

namespace sonde::nn {
namespace {

io::Node const& node_at(io::ModelFile const& file, int index) { return file.nodes[static_cast<std::size_t>(index)]; }

/// Steps over nodes that only rearrange.
int skip_reshapes(io::ModelFile const& file, int index) {
  while (std::holds_alternative<io::Reshape>(node_at(file, index).op)) index = node_at(file, index).inputs[0];
  return index;
}

bool is_saturating(io::Op const& op) {
  auto const* activation = std::get_if<io::Activation>(&op);
  if (!activation) return std::holds_alternative<io::Softmax>(op);
  return activation->function == io::Function::sigmoid || activation->function == io::Function::tanh ||
         activation->function == io::Function::atan;
}

/// The scale of a Lambda such as 2 atan(x) does not matter to where the gradient vanishes: it is stepped over too.
int find_logit(io::ModelFile const& file) {
  int const last = skip_reshapes(file, file.output);
  int inner = last;
  if (std::holds_alternative<io::ScaleShift>(node_at(file, last).op))
    inner = skip_reshapes(file, node_at(file, last).inputs[0]);
  if (is_saturating(node_at(file, inner).op)) return node_at(file, inner).inputs[0];
  return file.output;
}

Task find_task(io::ModelFile const& file, std::int64_t outputs, bool regression) {
  if (regression) return Task::regression;
  if (outputs > 1) return Task::classes;
  auto const* activation = std::get_if<io::Activation>(&node_at(file, skip_reshapes(file, file.output)).op);
  return activation && activation->function == io::Function::sigmoid ? Task::binary : Task::regression;
}

}  // namespace

std::string to_string(Task task) {
  switch (task) {
    case Task::classes:
      return "classes";
    case Task::binary:
      return "binary";
    case Task::regression:
      return "regression";
  }
  return "?";
}

Network::Network(io::ModelFile file, bool regression) : file_(std::move(file)) {
  for (io::CountedLayer const& counted : file_.layers) {
    Shape const& shape = node_at(file_, counted.node).shape;
    Layer layer{counted.name, counted.node, shape, unit_count(shape), 0, units_};
    layer.positions = volume(shape) / layer.units;
    units_ += layer.units;
    layers_.push_back(std::move(layer));
  }
  outputs_ = volume(file_.output_shape());
  VALIDATE(outputs_ > 0 && !layers_.empty(),
           "model " << file_.path << ": it has no output or no layer with units (nothing to test). Check the file.");
  logit_node_ = find_logit(file_);
  task_ = find_task(file_, outputs_, regression);
}

bool Network::takes(Shape const& sample) const {
  Shape const& input = input_shape();
  Shape with_channel = input;
  with_channel.push_back(1);
  return (input.size() > 1 && sample == with_channel) ||
         (volume(sample) == volume(input) && unit_count(sample) == unit_count(input));
}

std::string Network::shown_input_shape() const {
  Shape const& shape = input_shape();
  if (file_.channels_first && shape.size() == 3) return sonde::to_string(Shape{shape[2], shape[0], shape[1]});
  return sonde::to_string(shape);
}

}  // namespace sonde::nn
