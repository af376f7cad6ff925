#include "io/models/onnx/graph.hpp"

#include <onnx/onnx_pb.h>

#include <algorithm>

#include "base/check.hpp"

namespace sonde::io::onnx_reader {

Graph::Graph(std::string path, ::onnx::GraphProto const& graph, std::int64_t opset, ModelBuilder builder,
             std::int64_t limit)
    : path_(std::move(path)), opset_(opset), builder_(std::move(builder)), limit_(limit) {
  // Backwards from the output: nodes stand after those they use, which the reader checks later.
  users_[graph.output(0).name()] = {nullptr};
  for (int i = graph.node_size(); i-- > 0;) {
    ::onnx::NodeProto const& node = graph.node(i);
    if (!std::ranges::any_of(node.output(), [this](auto const& name) { return users_.contains(name); })) continue;
    needed_.insert(&node);
    for (std::string const& name : node.input()) {
      if (!name.empty()) users_[name].push_back(&node);
    }
  }
}

Value const* Graph::find(std::string const& name) const {
  auto const found = values_.find(name);
  return found == values_.end() ? nullptr : &found->second;
}

void Graph::define(std::string const& name, Value value) {
  bool const fresh = values_.emplace(name, std::move(value)).second;
  VALIDATE(fresh, "model " << path_ << ": the value '" << name
                           << "' is defined twice (each must be computed once). The file is damaged; export it again.");
}

int Graph::uses(std::string const& name) const {
  auto const found = users_.find(name);
  return found == users_.end() ? 0 : static_cast<int>(found->second.size());
}

::onnx::NodeProto const* Graph::only_user(std::string const& name) const {
  return uses(name) == 1 ? users_.at(name).front() : nullptr;
}

bool Graph::are_ids(std::string const& name) const {
  static std::set<std::string> const moves{"Cast", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"};
  std::vector<std::string> waiting{name};
  bool picks = false;
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    auto const found = users_.find(waiting[i]);
    if (found == users_.end()) continue;
    for (::onnx::NodeProto const* user : found->second) {
      if (user == nullptr || waiting.size() > 64) return false;
      bool const by_id = user->op_type() == "Gather" && user->input_size() == 2 && user->input(1) == waiting[i];
      bool const moved = moves.contains(user->op_type()) && user->output_size() == 1 && user->input(0) == waiting[i];
      if (moved) waiting.push_back(user->output(0));
      if (!by_id && !moved && user->op_type() != "Shape") return false;
      picks = picks || by_id;
    }
  }
  return picks;
}

void Graph::charge(std::int64_t elements, std::string const& where) {
  VALIDATE(elements <= limit_, where << ": the constants of the model grow to more than " << limit_
                                     << " further elements "
                                     << "(absurd for a file of this size). Check the file.");
  limit_ -= elements;
}

Shape Graph::file_shape(Value const& value) const {
  Shape shape = stored_shape(value);
  if (value.channels_last) shape = {shape[2], shape[0], shape[1]};
  return shape;
}

Value Graph::add(std::string const& name, Op op, std::vector<Value> const& inputs, bool channels_last) {
  std::vector<int> nodes;
  for (Value const& input : inputs) nodes.push_back(input.node);
  Value value;
  value.node = builder_.add(name, std::move(op), std::move(nodes));
  value.channels_last = channels_last;
  value.batch_axis = inputs.front().batch_axis;
  constexpr std::int64_t largest = std::int64_t{1} << 30;
  VALIDATE(volume(stored_shape(value)) <= largest,
           "model " << path_ << ", node " << name << ": one sample's output has the shape "
                    << to_string(stored_shape(value))
                    << " (more than 2^30 elements are not supported). Check the file.");
  return value;
}

void Graph::count(std::string const& name, Role role, Value const& from, bool only_use, Value& value) {
  int const open = only_use ? from.layer : -1;
  bool const activates = role == Role::activation;
  bool const follows = activates || role == Role::normalisation || role == Role::affine;
  value.layer = -1;
  value.activated = activates || (role == Role::pass && from.activated);
  if (role == Role::pass) {
    value.layer = open;
  } else if (follows && open >= 0 && (activates || !from.activated)) {
    layers_[static_cast<std::size_t>(open)].node = value.node;
    value.layer = open;
  } else if (role != Role::none && role != Role::affine) {
    layers_.push_back({name, value.node});
    if (role != Role::layer) value.layer = static_cast<int>(layers_.size()) - 1;
  }
}

ModelFile Graph::finish(Value const& output) && {
  std::ranges::stable_sort(layers_, {}, &CountedLayer::node);
  for (CountedLayer const& layer : layers_) builder_.count(layer.name, layer.node);
  return std::move(builder_).finish(output.node);
}

}  // namespace sonde::io::onnx_reader
