#include "io/models/onnx/sequences.hpp"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <map>
#include <set>

namespace sonde::io::onnx_reader {
namespace {

/// How often a value is followed from a node to the one before it.
constexpr int most_steps = 256;

using Producers = std::map<std::string, ::onnx::NodeProto const*>;

std::int64_t attribute(::onnx::NodeProto const& node, std::string const& name, std::int64_t otherwise) {
  auto const found = std::ranges::find(node.attribute(), name, &::onnx::AttributeProto::name);
  return found == node.attribute().end() ? otherwise : found->i();
}

/// The input of a node that has the axes of its output, and the place of axis `axis` there; false when unknown.
bool follow_back(::onnx::NodeProto const& node, Producers const& producers, std::string const& input, std::string& name,
                 std::int64_t& axis) {
  static std::set<std::string> const elementwise{"Add", "Cast", "Clip", "Div",  "Dropout", "Identity",
                                                 "Mul", "Relu", "Sub",  "Tanh", "Sigmoid", "MatMul"};
  if (node.input_size() == 0) return false;
  auto const varies = [&](std::string const& value) { return value == input || producers.contains(value); };
  if (node.op_type() == "Gather") {
    name = node.input(node.input_size() - 1);  // ids; features come behind their axes
    return varies(name) && attribute(node, "axis", 0) == 0;
  }
  if (node.op_type() == "Transpose") {
    auto const perm = std::ranges::find(node.attribute(), "perm", &::onnx::AttributeProto::name);
    if (perm == node.attribute().end() || axis >= perm->ints_size()) return false;
    axis = perm->ints(static_cast<int>(axis));
    name = node.input(0);
    return axis >= 0;
  }
  if (!elementwise.contains(node.op_type())) return false;
  auto const found = std::ranges::find_if(node.input(), varies);
  if (found == node.input().end()) return false;
  name = *found;
  return true;
}

/// Whether the input is only used as ids: what Graph::are_ids() finds once the graph is known.
bool only_picks_rows(::onnx::GraphProto const& graph, std::string const& input) {
  static std::set<std::string> const moves{"Cast", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"};
  std::set<std::string> ids{input};
  bool picks = false;
  for (auto const& node : graph.node()) {
    for (int i = 0; i < node.input_size(); ++i) {
      if (!ids.contains(node.input(i)) || node.op_type() == "Shape") continue;
      bool const by_id = node.op_type() == "Gather" && i == 1;
      bool const moved = moves.contains(node.op_type()) && i == 0 && node.output_size() == 1;
      if (!by_id && !moved) return false;
      if (moved) ids.insert(node.output(0));
      picks = picks || by_id;
    }
  }
  return picks && std::ranges::none_of(graph.output(), [&](auto const& output) { return ids.contains(output.name()); });
}

}  // namespace

bool is_recurrent(::onnx::NodeProto const& node) {
  return node.op_type() == "LSTM" || node.op_type() == "GRU" || node.op_type() == "RNN";
}

Sequences find_sequences(::onnx::GraphProto const& graph, std::string const& input) {
  Sequences result;
  result.of_ids = only_picks_rows(graph, input);
  Producers producers;
  for (auto const& node : graph.node()) {
    for (std::string const& name : node.output()) producers.emplace(name, &node);
  }
  auto const first = std::ranges::find_if(graph.node(), is_recurrent);
  result.recurrent = first != graph.node().end();
  if (!result.recurrent || first->input_size() == 0) return result;
  std::string name = first->input(0);
  std::int64_t axis = attribute(*first, "layout", 0) == 1 ? 0 : 1;
  for (int step = 0; step < most_steps; ++step) {
    if (name == input) {
      result.batch_axis = axis;
      return result;
    }
    auto const producer = producers.find(name);
    if (producer == producers.end() || !follow_back(*producer->second, producers, input, name, axis)) return result;
  }
  return result;
}

}  // namespace sonde::io::onnx_reader
