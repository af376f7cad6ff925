// One node of an ONNX graph while it is converted: its inputs, attributes and results.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/models/onnx/graph.hpp"

namespace onnx {
class AttributeProto;
}

namespace sonde::io::onnx_reader {

class Call {
 public:
  Call(Graph& graph, ::onnx::NodeProto const& node);

  Graph& graph() { return graph_; }
  std::int64_t opset() const { return graph_.opset(); }
  /// The node's name, or that of its first output when it has none.
  std::string const& name() const { return name_; }
  /// "model PATH, node NAME (OpType)", the start of every message.
  std::string where() const;

  // inputs
  std::size_t inputs() const;
  /// Whether an optional input is given.
  bool has(std::size_t i) const;
  Value const& input(std::size_t i) const;
  bool is_constant(std::size_t i) const { return input(i).constant != nullptr; }
  /// An input that must be an activation, or constant; `what` names it in the message ("kernel").
  Value const& activation(std::size_t i, std::string const& what) const;
  Constant const& constant(std::size_t i, std::string const& what) const;
  /// Elements of a constant input of floating-point type.
  Floats const& floats(std::size_t i, std::string const& what) const;
  /// Elements of a constant input of integer type; none may stand for the batch.
  std::vector<std::int64_t> integers(std::size_t i, std::string const& what) const;
  /// A constant of one element.
  float scalar(std::size_t i, std::string const& what) const;

  // attributes
  bool has_attribute(std::string const& name) const { return find(name) != nullptr; }
  std::int64_t integer(std::string const& name, std::int64_t otherwise) const;
  float real(std::string const& name, float otherwise) const;
  std::string text(std::string const& name, std::string const& otherwise) const;
  std::optional<std::vector<std::int64_t>> integer_list(std::string const& name) const;
  std::vector<float> real_list(std::string const& name) const;
  std::vector<std::string> text_list(std::string const& name) const;
  ::onnx::AttributeProto const* find(std::string const& name) const;

  // axes, as in the file, one of them the batch
  /// Brings `axis` from [-rank, rank) to [0, rank).
  std::int64_t axis(std::int64_t axis, std::int64_t rank) const;
  /// Axis of a sample in the file's order. Throws InputError for the batch.
  std::size_t sample_axis(Value const& value, std::int64_t axis) const;
  /// Axis of the stored sample. Throws InputError for the batch.
  std::size_t stored_axis(Value const& value, std::int64_t axis) const;

  // layout
  /// (H, W, C), or an InputError when the rank is not 4.
  Value image(Value const& value);
  /// In the file's order.
  Value plain(Value const& value);
  /// The same elements in the file's order as samples of `shape` (file order).
  Value reshaped(Value const& value, Shape const& shape);

  // what is made
  Value add(Op op, std::vector<Value> const& from, bool channels_last);
  Value add(std::string const& step, Op op, std::vector<Value> const& from, bool channels_last);
  Weights weights(Shape shape, Floats const& values);
  /// Draws on the limit of elements.
  void charge(std::int64_t elements) { graph_.charge(elements, where()); }

  // results
  std::size_t outputs() const;
  std::string const& output_name(std::size_t i) const;
  bool output_used(std::size_t i) const;
  void result(Value value, Role role, std::size_t i = 0);
  void result(Constant constant);
  /// Counts a value that is no result as a layer under the node's name.
  void count(Value value);
  /// The input passed on.
  void pass();

 private:
  Graph& graph_;
  ::onnx::NodeProto const& node_;
  std::string name_;
};

}  // namespace sonde::io::onnx_reader
