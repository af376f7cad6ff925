// Reads ONNX files (opset 6 to 17): checks the file, then converts its nodes one after the other.
//
// Counted neurons: a convolution or matrix product counts once together with the bias, normalisation and activations
// that follow it (each the only user of what is before it): its layer is the last node of the chain, under the name of
// the product. A normalisation or activation elsewhere starts such a chain. Pooling, averaging, arithmetic of two
// activations, concatenation and softmax count by themselves, as Keras's layers do. Reshaping, padding, cropping,
// dropout and arithmetic with constants do not count. A layer has the node's name, or that of its output when it has
// none.
#include <fcntl.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <set>

#include "base/check.hpp"
#include "base/registry.hpp"
#include "io/models/model_file.hpp"
#include "io/models/onnx/operators.hpp"
#include "io/models/onnx/sequences.hpp"
#include "io/provenance.hpp"

namespace sonde::io {
namespace {

using namespace onnx_reader;

constexpr std::int64_t oldest_opset = 6, newest_opset = 17;

::onnx::ModelProto parse(std::string const& path) {
  VALIDATE(std::filesystem::is_regular_file(path),
           "model " << path << ": there is no such file (or it is no regular file). Check the path.");
  google::protobuf::io::FileInputStream file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  file.SetCloseOnDelete(true);
  google::protobuf::io::CodedInputStream coded(&file);
  coded.SetTotalBytesLimit(std::numeric_limits<int>::max());
  coded.SetRecursionLimit(32);
  ::onnx::ModelProto model;
  bool const parsed = model.ParseFromCodedStream(&coded) && coded.ConsumedEntireMessage() && file.GetErrno() == 0;
  VALIDATE(
      parsed,
      "model "
          << path
          << ": it is not a readable ONNX file (truncated, damaged, or of another format). Export or copy it again.");
  VALIDATE(model.has_ir_version() && model.has_graph() && model.opset_import_size() > 0,
           "model " << path
                    << ": it lacks an ONNX version, graph or operator set (truncated, or of another format). Export or "
                       "copy it again.");
  return model;
}

/// Whether operator set 6 defines every node as operator set 1 does: older files are then read as of 6.
bool is_unchanged(::onnx::GraphProto const& graph) {
  static std::set<std::string> const unchanged{
      "AveragePool", "Constant",   "Conv",     "Flatten", "GlobalAveragePool", "GlobalMaxPool",
      "LRN",         "LogSoftmax", "MatMul",   "MaxPool", "ReduceMean",        "Shape",
      "Softmax",     "Softplus",   "Softsign", "Squeeze", "Transpose",         "Unsqueeze"};
  return std::ranges::all_of(graph.node(), [](auto const& node) { return unchanged.contains(node.op_type()); });
}

std::int64_t opset_of(::onnx::ModelProto const& model, std::string const& path) {
  for (auto const& set : model.opset_import()) {
    if (!set.domain().empty() && set.domain() != "ai.onnx") continue;
    if (set.version() >= 1 && set.version() < oldest_opset && is_unchanged(model.graph())) return oldest_opset;
    VALIDATE(set.version() >= oldest_opset && set.version() <= newest_opset,
             "model " << path << ": it uses operator set " << set.version() << " (" << oldest_opset << " to "
                      << newest_opset << " are supported). Export it with opset_version=" << newest_opset
                      << " or convert it.");
    return set.version();
  }
  SONDE_FAIL_AS(
      InputError,
      "model " << path << ": it uses no operators of ONNX itself (only other operator sets, which are not supported).");
}

std::string named(::onnx::NodeProto const& node) {
  std::string const name = !node.name().empty() || node.output_size() == 0 ? node.name() : node.output(0);
  bool const own = node.domain().empty() || node.domain() == "ai.onnx";
  return (own ? "" : node.domain() + ".") + node.op_type() + " (node " + name + ")";
}

/// Throws InputError naming the kinds of node sonde does not read.
void check_operators(::onnx::GraphProto const& graph, std::string const& path) {
  std::vector<std::string> unknown;
  std::set<std::string> seen;
  for (auto const& node : graph.node()) {
    bool const known = (node.domain().empty() || node.domain() == "ai.onnx") && find_operator(node.op_type());
    if (!known && seen.insert(node.op_type()).second && unknown.size() < 8) unknown.push_back(named(node));
  }
  VALIDATE(unknown.empty(), "model " << path << ": it uses " << join(unknown)
                                     << " (not supported). The supported operators are " << join(onnx_op_names())
                                     << ".");
}

/// The one input of the graph that is not an initializer.
::onnx::ValueInfoProto const& graph_input(::onnx::GraphProto const& graph, std::string const& path) {
  std::set<std::string> constants;
  for (auto const& tensor : graph.initializer()) constants.insert(tensor.name());
  std::vector<std::string> names;
  ::onnx::ValueInfoProto const* found = nullptr;
  for (auto const& input : graph.input()) {
    if (constants.contains(input.name())) continue;
    found = &input;
    names.push_back(input.name());
  }
  VALIDATE(names.size() == 1, "model " << path << ": it has " << names.size() << " inputs"
                                       << (names.empty() ? "" : " (") << join(names) << (names.empty() ? "" : ")")
                                       << " (one is supported).");
  return *found;
}

bool brings_channels_first(::onnx::NodeProto const& node) {
  auto const perm = std::ranges::find(node.attribute(), "perm", &::onnx::AttributeProto::name);
  return node.op_type() == "Transpose" && perm != node.attribute().end() &&
         std::ranges::equal(perm->ints(), std::vector<std::int64_t>{0, 3, 1, 2});
}

/// Whether the image is (N, H, W, C): every node that uses it, or the end of a few elementwise nodes after it, brings
/// it to (N, C, H, W). It is then stored as it stands.
bool is_channels_last(::onnx::GraphProto const& graph, std::string const& input) {
  static std::set<std::string> const elementwise{"Add", "Cast", "Clip", "Div", "Identity", "Mul", "Sub"};
  std::string name = input;
  for (int step = 0; step < 8; ++step) {
    std::vector<::onnx::NodeProto const*> users;
    for (auto const& node : graph.node()) {
      if (std::ranges::count(node.input(), name) > 0) users.push_back(&node);
    }
    if (users.size() != 1 || !elementwise.contains(users[0]->op_type()) || users[0]->output_size() != 1) {
      return !users.empty() &&
             std::ranges::all_of(users, [](auto const* node) { return brings_channels_first(*node); });
    }
    name = users[0]->output(0);
  }
  return false;
}

/// Extents in the file's order; 0 for a batch that is not fixed.
Shape input_extents(::onnx::ValueInfoProto const& input, std::string const& path, Sequences const& sequences,
                    ModelOptions const& options) {
  std::string const where = "model " + path + ", input " + input.name();
  auto const& type = input.type().tensor_type();
  bool const ids = sequences.of_ids && (type.elem_type() == ::onnx::TensorProto_DataType_INT64 ||
                                        type.elem_type() == ::onnx::TensorProto_DataType_INT32);
  VALIDATE(
      ids || type.elem_type() == ::onnx::TensorProto_DataType_FLOAT ||
          type.elem_type() == ::onnx::TensorProto_DataType_FLOAT16,
      where << ": its element type is " << type.elem_type() << " (only float32, 1, and float16, 10, are supported).");
  VALIDATE(type.has_shape() && type.shape().dim_size() > 0,
           where << ": it has no shape (at least a batch axis is needed). Export it with one.");
  Shape extents;
  for (auto const& dim : type.shape().dim())
    extents.push_back(dim.has_dim_value() && dim.dim_value() > 0 ? dim.dim_value() : 0);
  auto const batch = static_cast<std::size_t>(sequences.batch_axis);
  VALIDATE(batch < extents.size(), where << ": it has no axis " << batch << " (the batch of its sequences).");
  std::size_t const time = batch == 0 ? 1 : 0;
  bool const open = extents.size() <= 3 && time < extents.size() && extents[time] == 0;
  if (open && (sequences.recurrent || sequences.of_ids)) extents[time] = open_length(path, options);
  for (std::size_t i = 0; i < extents.size(); ++i) {
    VALIDATE(extents[i] > 0 || i == batch, where << ": axis " << i << " has no fixed extent (only the batch, axis "
                                                 << batch << ", may vary). Export it with a fixed input size.");
  }
  Shape sample = extents;
  sample.erase(sample.begin() + sequences.batch_axis);
  VALIDATE(volume(sample) <= (std::int64_t{1} << 30),
           where << ": a sample has the shape " << to_string(sample)
                 << " (more than 2^30 elements are not supported). Check the file.");
  return extents;
}

void convert(Graph& graph, ::onnx::NodeProto const& node) {
  Call call(graph, node);
  VALIDATE(node.output_size() > 0 && (!node.output(0).empty() || is_recurrent(node)),
           call.where() << ": it has no output. The file is damaged; export it again.");
  if (graph.absorbed(node)) return call.pass();
  bool depends = false;
  for (std::size_t i = 0; i < call.inputs(); ++i) depends = depends || (call.has(i) && !call.is_constant(i));
  bool const parts = node.op_type() == "Split" || is_recurrent(node);
  for (std::size_t i = 1; i < call.outputs() && !parts; ++i) {
    VALIDATE(!call.output_used(i), call.where() << ": its output " << i << ", '" << call.output_name(i)
                                                << "', is used (only the first is supported).");
  }
  Operator const& found = *find_operator(node.op_type());
  Convert const with = depends ? found.convert : found.fold;
  VALIDATE(with != nullptr, call.where() << ": it is applied to " << (depends ? "an activation" : "constants only")
                                         << " (not supported). Simplify the model, for example with onnxsim.");
  with(call);
}

Graph start(::onnx::ModelProto& model, std::string const& path, Shape const& extents, std::int64_t batch_axis,
            bool channels_last_input) {
  ::onnx::GraphProto& proto = *model.mutable_graph();
  auto const& input = graph_input(proto, path);
  Shape sample = extents;
  sample.erase(sample.begin() + batch_axis);
  bool const turned = sample.size() == 3 && !channels_last_input && batch_axis == 0;
  if (turned) std::rotate(sample.begin(), sample.begin() + 1, sample.end());
  // Enough for any real model, however small its file: maps for constants that are spread over large images.
  std::int64_t const limit = 4 * static_cast<std::int64_t>(std::filesystem::file_size(path)) + (std::int64_t{1} << 27);
  Graph graph(path, proto, opset_of(model, path), ModelBuilder(path, "onnx", sample, input.name()), limit);
  std::int64_t const batch = extents[static_cast<std::size_t>(batch_axis)];
  if (batch > 0) graph.batch = batch;

  Value value;
  value.node = 0;
  value.channels_last = turned;
  value.batch_axis = batch_axis;
  graph.define(input.name(), value);
  for (auto& tensor : *proto.mutable_initializer()) {
    Value constant;
    if (graph.uses(tensor.name()) > 0) {
      constant.constant =
          std::make_shared<Constant const>(read_tensor(tensor, "model " + path + ", initializer " + tensor.name()));
    }
    tensor.clear_raw_data();  // it is not needed a second time
    if (constant.constant) graph.define(tensor.name(), std::move(constant));
  }
  return graph;
}

/// Checks what can be checked before the nodes are looked at, then converts them.
ModelFile import(std::string const& path, ModelOptions const& options) {
  ::onnx::ModelProto model = parse(path);
  ::onnx::GraphProto const& proto = model.graph();
  opset_of(model, path);
  check_operators(proto, path);
  VALIDATE(proto.sparse_initializer_size() == 0,
           "model " << path << ": it has sparse initializers (not supported). Export dense weights.");
  VALIDATE(proto.output_size() == 1,
           "model " << path << ": it has " << proto.output_size() << " outputs (one is supported). Remove the others.");
  auto const& input = graph_input(proto, path);
  Sequences const sequences = find_sequences(proto, input.name());
  Shape const extents = input_extents(input, path, sequences, options);
  bool const last = extents.size() == 4 && is_channels_last(proto, input.name());
  Graph graph = start(model, path, extents, sequences.batch_axis, last);
  for (auto const& node : proto.node()) {
    if (graph.needed(node)) convert(graph, node);
  }
  ::onnx::NodeProto output;  // as if a last node took the output
  output.set_name(proto.output(0).name());
  output.set_op_type("output");
  output.add_input(proto.output(0).name());
  Call call(graph, output);
  Value result = call.activation(0, "value");
  if (graph.rank(result) == 4 && !last && result.batch_axis == 0) result = call.image(result);
  ModelFile file = std::move(graph).finish(result);
  file.channels_first = !last;
  file.sha256 = sha256_of_file(path);
  return file;
}

}  // namespace

ModelFile read_onnx(std::string const& path, ModelOptions const& options) {
  try {
    return import(path, options);
  } catch (InputError const& error) {
    std::string const message = error.what();
    if (message.starts_with("model ")) throw;
    throw InputError("model " + path + ": " + message);  // a shape too large to have a place in the graph
  }
}

std::vector<std::string> onnx_op_names() {
  std::vector<std::string> names;
  for (Operator const& known : operators()) names.push_back(known.name);
  return names;
}

}  // namespace sonde::io
