#include "onnx_cases.hpp"

#include <fstream>
#include <set>

namespace sonde::test {
namespace {

template <class Message>
Message load(std::filesystem::path const& path) {
  std::ifstream in(path, std::ios::binary);
  Message message;
  message.ParseFromIstream(&in);
  return message;
}

/// Names of the inputs that are not initializers too.
std::vector<std::string> input_names(onnx::GraphProto const& graph) {
  std::set<std::string> known;
  for (auto const& tensor : graph.initializer()) known.insert(tensor.name());
  std::vector<std::string> names;
  for (auto const& input : graph.input()) {
    if (!known.contains(input.name())) names.push_back(input.name());
  }
  return names;
}

/// Whether the graph is one node whose operands are broadcast.
bool broadcasts(onnx::GraphProto const& graph) {
  static std::set<std::string> const all{"Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean", "PRelu"};
  return graph.node_size() == 1 && all.contains(graph.node(0).op_type());
}

void add_initializer(onnx::GraphProto& graph, std::string const& name, std::vector<std::int64_t> const& values) {
  auto& tensor = *graph.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::INT64);
  tensor.add_dims(static_cast<std::int64_t>(values.size()));
  for (std::int64_t const value : values) tensor.add_int64_data(value);
}

/// Whether all inputs can be cut from one: floats of one rank and batch, into a node that combines activations.
bool combines_activations(onnx::GraphProto const& graph, std::vector<onnx::TensorProto> const& inputs) {
  if (graph.node_size() != 1 || inputs.size() < 2 || !(broadcasts(graph) || graph.node(0).op_type() == "Concat"))
    return false;
  if (graph.node(0).op_type() == "PRelu") return false;
  for (auto const& input : inputs) {
    bool const like_first =
        input.dims_size() == inputs[0].dims_size() && input.dims_size() > 0 && input.dims(0) == inputs[0].dims(0);
    if (!like_first || input.data_type() != onnx::TensorProto::FLOAT) return false;
  }
  return true;
}

/// Puts a Split and Reshapes of one input (N, F) before the graph's inputs; returns that input's values.
onnx::TensorProto join_inputs(onnx::ModelProto& model, std::vector<onnx::TensorProto> const& inputs) {
  onnx::GraphProto graph = model.graph();
  auto& nodes = *model.mutable_graph()->mutable_node();
  nodes.Clear();
  auto& split = *nodes.Add();
  split.set_op_type("Split");
  split.add_input("joined");
  auto& axis = *split.add_attribute();
  axis.set_name("axis");
  axis.set_i(1);
  std::int64_t const batch = inputs[0].dims(0);
  std::vector<std::int64_t> sizes;
  std::vector<Floats> parts;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    std::string const name = graph.input(static_cast<int>(i)).name();
    parts.push_back(floats(inputs[i]));
    sizes.push_back(static_cast<std::int64_t>(parts.back().size()) / batch);
    Shape shape = shape_of(inputs[i]);
    shape[0] = -1;
    add_initializer(*model.mutable_graph(), name + ".shape", shape);
    split.add_output(name + ".flat");
    auto& reshape = *nodes.Add();
    reshape.set_op_type("Reshape");
    reshape.add_input(name + ".flat");
    reshape.add_input(name + ".shape");
    reshape.add_output(name);
  }
  if (model.opset_import(0).version() < 13) {
    auto& attribute = *nodes.Mutable(0)->add_attribute();
    attribute.set_name("split");
    for (std::int64_t const size : sizes) attribute.add_ints(size);
  } else {
    add_initializer(*model.mutable_graph(), "sizes", sizes);
    nodes.Mutable(0)->add_input("sizes");
  }
  nodes.MergeFrom(graph.node());

  onnx::TensorProto joined;
  joined.set_data_type(onnx::TensorProto::FLOAT);
  joined.add_dims(batch);
  joined.add_dims(0);
  for (std::int64_t s = 0; s < batch; ++s) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      for (std::int64_t k = 0; k < sizes[i]; ++k)
        joined.add_float_data(parts[i][static_cast<std::size_t>(s * sizes[i] + k)]);
    }
  }
  joined.set_dims(1, joined.float_data_size() / batch);
  auto input = graph.input(0);
  input.set_name("joined");
  auto& shape = *input.mutable_type()->mutable_tensor_type()->mutable_shape();
  shape.clear_dim();
  for (std::int64_t const extent : joined.dims()) shape.add_dim()->set_dim_value(extent);
  model.mutable_graph()->clear_input();
  *model.mutable_graph()->add_input() = input;
  return joined;
}

/// Leaves input `kept` one and makes the others initializers.
OnnxCase bind_inputs(onnx::ModelProto model, std::vector<onnx::TensorProto> const& inputs, std::size_t kept) {
  auto& graph = *model.mutable_graph();
  std::vector<std::string> const names = input_names(graph);
  OnnxCase result{"single", {}, {}};
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i == kept) {
      result.input = inputs[i];
    } else if (inputs[i].data_type() != onnx::TensorProto::UNDEFINED) {  // else a sequence, which the reader refuses
      auto& tensor = *graph.add_initializer();
      tensor = inputs[i];
      tensor.set_name(names[i]);
    }
  }
  result.model = std::move(model);
  return result;
}

OnnxCase lift(onnx::ModelProto const& model, std::vector<onnx::TensorProto> const& inputs, std::size_t kept) {
  OnnxCase result = bind_inputs(model, inputs, kept);
  result.way = "lifted";
  result.lifted = true;
  auto& type =
      *result.model.mutable_graph()->mutable_input(static_cast<int>(kept))->mutable_type()->mutable_tensor_type();
  type.mutable_shape()->clear_dim();
  type.mutable_shape()->add_dim()->set_dim_value(1);
  result.input.clear_dims();
  result.input.add_dims(1);
  for (std::int64_t const extent : inputs[kept].dims()) {
    type.mutable_shape()->add_dim()->set_dim_value(extent);
    result.input.add_dims(extent);
  }
  return result;
}

}  // namespace

Floats floats(onnx::TensorProto const& tensor) {
  auto const constant = io::onnx_reader::read_tensor(tensor, "test tensor");
  if (auto const* values = std::get_if<Floats>(&constant.elements)) return *values;
  Floats values;
  for (auto const& element : std::get<io::onnx_reader::Integers>(constant.elements))
    values.push_back(static_cast<float>(element.value));
  return values;
}

Shape shape_of(onnx::TensorProto const& tensor) { return {tensor.dims().begin(), tensor.dims().end()}; }

Floats turned(Floats const& values, Shape const& nchw, bool back) {
  auto const n = static_cast<std::size_t>(nchw[0]), c = static_cast<std::size_t>(nchw[1]);
  auto const area = static_cast<std::size_t>(nchw[2] * nchw[3]);
  Floats result(values.size());
  for (std::size_t s = 0; s < n; ++s) {
    for (std::size_t k = 0; k < c; ++k) {
      for (std::size_t p = 0; p < area; ++p) {
        std::size_t const first = (s * c + k) * area + p, last = (s * area + p) * c + k;
        result[back ? first : last] = values[back ? last : first];
      }
    }
  }
  return result;
}

Floats axis_first(Floats const& values, Shape const& shape, std::size_t axis, bool back) {
  auto const middle = shape.begin() + static_cast<std::ptrdiff_t>(axis);
  auto const outer = static_cast<std::size_t>(volume({shape.begin(), middle}));
  auto const inner = static_cast<std::size_t>(volume({middle + 1, shape.end()}));
  auto const count = static_cast<std::size_t>(*middle);
  Floats result(values.size());
  for (std::size_t o = 0; o < outer; ++o) {
    for (std::size_t k = 0; k < count; ++k) {
      for (std::size_t i = 0; i < inner; ++i) {
        std::size_t const in = (o * count + k) * inner + i, first = (k * outer + o) * inner + i;
        result[back ? in : first] = values[back ? first : in];
      }
    }
  }
  return result;
}

std::optional<std::size_t> batch_axis(Shape const& shape, Shape const& sample) {
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    Shape rest = shape;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(axis));
    if (rest == sample) return axis;
  }
  return std::nullopt;
}

onnx::TensorProto load_tensor(std::filesystem::path const& path) { return load<onnx::TensorProto>(path); }

std::vector<OnnxCase> cases_of(std::filesystem::path const& folder, int output) {
  auto model = load<onnx::ModelProto>(folder / "model.onnx");
  auto& graph = *model.mutable_graph();
  if (graph.output_size() > 1) {
    graph.mutable_output()->SwapElements(0, output);
    graph.mutable_output()->DeleteSubrange(1, graph.output_size() - 1);
  }
  std::vector<onnx::TensorProto> inputs;
  for (std::size_t i = 0; i < input_names(graph).size(); ++i) {
    inputs.push_back(load_tensor(folder / "test_data_set_0" / ("input_" + std::to_string(i) + ".pb")));
  }
  std::vector<OnnxCase> cases;
  if (combines_activations(graph, inputs)) {
    OnnxCase joined{"joined", model, {}};
    joined.input = join_inputs(joined.model, inputs);
    cases.push_back(std::move(joined));
  } else {
    cases.push_back(bind_inputs(model, inputs, 0));
  }
  if (!broadcasts(graph) || inputs.size() < 2 || inputs[0].data_type() != onnx::TensorProto::FLOAT) return cases;
  bool same = graph.node(0).op_type() != "PRelu";
  for (auto const& input : inputs) same = same && shape_of(input) == shape_of(inputs[0]);
  for (std::size_t kept = 0; kept < (same ? inputs.size() : 1); ++kept) cases.push_back(lift(model, inputs, kept));
  return cases;
}

}  // namespace sonde::test
