#include "io/models/onnx/call.hpp"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cmath>

#include "base/check.hpp"

namespace sonde::io::onnx_reader {
namespace {

/// Whether (C, H, W) and (H, W, C) order the elements alike.
bool order_is_same(Shape const& image) { return image[2] == 1 || image[0] * image[1] == 1; }

}  // namespace

Call::Call(Graph& graph, ::onnx::NodeProto const& node) : graph_(graph), node_(node), name_(node.name()) {
  for (int i = 0; name_.empty() && i < node.output_size(); ++i) name_ = node.output(i);
}

std::string Call::where() const { return "model " + graph_.path() + ", node " + name_ + " (" + node_.op_type() + ")"; }

std::size_t Call::inputs() const { return static_cast<std::size_t>(node_.input_size()); }

bool Call::has(std::size_t i) const { return i < inputs() && !node_.input(static_cast<int>(i)).empty(); }

Value const& Call::input(std::size_t i) const {
  VALIDATE(has(i),
           where() << ": input " << i << " is missing (the operator needs it). The file is damaged; export it again.");
  std::string const& name = node_.input(static_cast<int>(i));
  Value const* value = graph_.find(name);
  VALIDATE(value != nullptr, where() << ": its input '" << name << "' is not computed before it "
                                     << "(unknown, or part of a cycle). The file is damaged; export it again.");
  return *value;
}

Value const& Call::activation(std::size_t i, std::string const& what) const {
  Value const& value = input(i);
  VALIDATE(!value.constant, where() << ": its " << what << " is constant (not supported). "
                                    << "Simplify the model, for example with onnxsim.");
  return value;
}

Constant const& Call::constant(std::size_t i, std::string const& what) const {
  Value const& value = input(i);
  VALIDATE(value.constant, where() << ": its " << what << " is computed from the model's input (it must be constant). "
                                   << "Simplify the model, or export it with constants folded.");
  return *value.constant;
}

Floats const& Call::floats(std::size_t i, std::string const& what) const {
  auto const* values = std::get_if<Floats>(&constant(i, what).elements);
  VALIDATE(values != nullptr, where() << ": its " << what << " has integer elements (floating point is needed). "
                                      << "Export the model in float32.");
  return *values;
}

std::vector<std::int64_t> Call::integers(std::size_t i, std::string const& what) const {
  auto const* values = std::get_if<Integers>(&constant(i, what).elements);
  VALIDATE(values != nullptr, where() << ": its " << what << " is not of integer type (it must be). Check the file.");
  std::vector<std::int64_t> result;
  for (Integer const& element : *values) {
    VALIDATE(!element.batch, where() << ": its " << what << " depends on the batch size (samples would be mixed). "
                                     << "Export the model with a fixed batch size of 1.");
    result.push_back(element.value);
  }
  return result;
}

float Call::scalar(std::size_t i, std::string const& what) const {
  Floats const& values = floats(i, what);
  VALIDATE(values.size() == 1,
           where() << ": its " << what << " has " << values.size() << " elements (one is supported).");
  return values.front();
}

::onnx::AttributeProto const* Call::find(std::string const& name) const {
  for (auto const& attribute : node_.attribute()) {
    if (attribute.name() == name) return &attribute;
  }
  return nullptr;
}

std::int64_t Call::integer(std::string const& name, std::int64_t otherwise) const {
  auto const* attribute = find(name);
  if (!attribute) return otherwise;
  VALIDATE(attribute->has_i(),
           where() << ": attribute '" << name << "' is not an integer (it must be). Check the file.");
  return attribute->i();
}

float Call::real(std::string const& name, float otherwise) const {
  auto const* attribute = find(name);
  if (!attribute) return otherwise;
  VALIDATE(attribute->has_f() && std::isfinite(attribute->f()),
           where() << ": attribute '" << name << "' is not a finite number (it must be). Check the file.");
  return attribute->f();
}

std::string Call::text(std::string const& name, std::string const& otherwise) const {
  auto const* attribute = find(name);
  if (!attribute) return otherwise;
  VALIDATE(attribute->has_s(), where() << ": attribute '" << name << "' is not a text (it must be). Check the file.");
  return attribute->s();
}

std::optional<std::vector<std::int64_t>> Call::integer_list(std::string const& name) const {
  auto const* attribute = find(name);
  if (!attribute) return std::nullopt;
  return std::vector<std::int64_t>(attribute->ints().begin(), attribute->ints().end());
}

std::vector<float> Call::real_list(std::string const& name) const {
  auto const* attribute = find(name);
  return attribute ? std::vector<float>(attribute->floats().begin(), attribute->floats().end()) : std::vector<float>{};
}

std::vector<std::string> Call::text_list(std::string const& name) const {
  auto const* attribute = find(name);
  if (!attribute) return {};
  return {attribute->strings().begin(), attribute->strings().end()};
}

std::int64_t Call::axis(std::int64_t axis, std::int64_t rank) const {
  VALIDATE(axis >= -rank && axis < rank,
           where() << ": axis " << axis << " is outside a tensor of rank " << rank << ". Check the file.");
  return axis < 0 ? axis + rank : axis;
}

std::size_t Call::sample_axis(Value const& value, std::int64_t file_axis) const {
  std::int64_t const found = axis(file_axis, graph_.rank(value));
  VALIDATE(found != value.batch_axis, where() << ": it works along axis " << found
                                              << ", the batch (samples would be mixed). "
                                              << "Models must treat the samples of a batch independently.");
  return static_cast<std::size_t>(found < value.batch_axis ? found : found - 1);
}

std::size_t Call::stored_axis(Value const& value, std::int64_t file_axis) const {
  std::size_t const found = sample_axis(value, file_axis);
  if (!value.channels_last) return found;
  return found == 0 ? 2 : found - 1;
}

Value Call::image(Value const& value) {
  VALIDATE(graph_.rank(value) == 4, where() << ": its input has rank " << graph_.rank(value)
                                            << " (only images of batch, channels, height and width are supported).");
  VALIDATE(value.batch_axis == 0, where() << ": the batch of its input is axis " << value.batch_axis
                                          << " (that of images must be 0). Export the model with the batch first.");
  if (value.channels_last) return value;
  Shape const shape = graph_.stored_shape(value);
  Shape const turned{shape[1], shape[2], shape[0]};
  Op op = Transpose{{1, 2, 0}};
  if (order_is_same(turned)) op = Reshape{turned};
  return add("channels_last", std::move(op), {value}, true);
}

Value Call::plain(Value const& value) {
  if (!value.channels_last) return value;
  Op op = Transpose{{2, 0, 1}};
  if (order_is_same(graph_.stored_shape(value))) op = Reshape{graph_.file_shape(value)};
  return add("channels_first", std::move(op), {value}, false);
}

Value Call::reshaped(Value const& value, Shape const& shape) {
  Value from = value;
  if (value.channels_last && !order_is_same(graph_.stored_shape(value))) from = plain(value);
  if (graph_.stored_shape(from) != shape) return add(Reshape{shape}, {from}, false);
  from.channels_last = false;
  return from;
}

Value Call::add(Op op, std::vector<Value> const& from, bool channels_last) {
  return graph_.add(name_, std::move(op), from, channels_last);
}

Value Call::add(std::string const& step, Op op, std::vector<Value> const& from, bool channels_last) {
  return graph_.add(name_ + "." + step, std::move(op), from, channels_last);
}

Weights Call::weights(Shape shape, Floats const& values) {
  EXPECT(volume(shape) == static_cast<std::int64_t>(values.size()));
  charge(static_cast<std::int64_t>(values.size()));
  auto tensor = std::make_shared<Tensor>(std::move(shape));
  std::ranges::copy(values, tensor->data.data());
  return tensor;
}

std::size_t Call::outputs() const { return static_cast<std::size_t>(node_.output_size()); }

std::string const& Call::output_name(std::size_t i) const { return node_.output(static_cast<int>(i)); }

bool Call::output_used(std::size_t i) const { return i < outputs() && graph_.uses(output_name(i)) > 0; }

void Call::result(Value value, Role role, std::size_t i) {
  Value from;
  bool only_use = false;
  for (std::size_t k = 0; k < inputs() && from.node < 0; ++k) {
    if (!has(k) || is_constant(k)) continue;
    from = input(k);
    only_use = graph_.uses(node_.input(static_cast<int>(k))) == 1;
  }
  graph_.count(name_, role, from, only_use, value);
  graph_.define(output_name(i), std::move(value));
}

void Call::count(Value value) { graph_.count(name_, Role::layer, {}, false, value); }

void Call::result(Constant constant) {
  Value value;
  value.constant = std::make_shared<Constant const>(std::move(constant));
  graph_.define(output_name(0), std::move(value));
}

void Call::pass() {
  std::size_t i = 0;
  while (i + 1 < inputs() && has(i) && is_constant(i)) ++i;
  result(activation(i, "input"), Role::pass);
}

}  // namespace sonde::io::onnx_reader
