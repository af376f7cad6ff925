// Operators that keep the elements of a sample and change their order, axes or name.
#include <onnx/onnx_pb.h>

#include <algorithm>

#include "base/check.hpp"
#include "io/models/onnx/operators.hpp"

namespace sonde::io::onnx_reader {
namespace {

constexpr char const* mixes =
    " (samples of a batch would be mixed; not supported). Export the model so that axis 0 stays the batch.";

/// Whether the first entry of a Reshape's target leaves axis 0 the batch, given that the rest holds one sample.
bool keeps_batch(Call& call, Integer const& first, bool zero_copies) {
  if (first.batch || first.value == -1) return true;
  if (first.value == 0) return zero_copies;
  return call.graph().batch == first.value;
}

}  // namespace

std::optional<std::vector<std::int64_t>> attribute_or_input(Call& call, std::string const& name, std::int64_t last,
                                                            std::size_t i) {
  if (call.opset() <= last) return call.integer_list(name);
  if (!call.has(i)) return std::nullopt;
  return call.integers(i, name);
}

std::vector<std::int64_t> sorted_axes(Call& call, std::vector<std::int64_t> const& axes, std::int64_t rank) {
  std::vector<std::int64_t> result;
  for (std::int64_t const axis : axes) result.push_back(call.axis(axis, rank));
  std::ranges::sort(result);
  VALIDATE(std::ranges::adjacent_find(result) == result.end(), call.where()
                                                                   << ": an axis is named twice. Check the file.");
  return result;
}

Shape reshape_target(Call& call, Integers const& target, std::size_t first, Shape const& from) {
  bool const zero_copies = call.integer("allowzero", 0) == 0;
  Shape shape;
  std::ptrdiff_t unknown = -1;
  for (std::size_t i = first; i < target.size(); ++i) {
    VALIDATE(!target[i].batch, call.where() << ": it moves the batch to axis " << i << mixes);
    std::int64_t extent = target[i].value;
    if (extent == 0 && zero_copies) {
      VALIDATE(i - first < from.size(),
               call.where() << ": it copies axis " << i << ", which its input has not. Check the file.");
      extent = from[i - first];
    } else if (extent == -1) {
      VALIDATE(unknown < 0, call.where() << ": more than one extent is to be inferred (-1). Check the file.");
      unknown = static_cast<std::ptrdiff_t>(shape.size());
      extent = 1;
    }
    shape.push_back(extent);
  }
  std::int64_t const known = volume(shape);
  if (unknown >= 0 && known > 0) shape[static_cast<std::size_t>(unknown)] = volume(from) / known;
  return shape;
}

void reshape(Call& call) {
  Value const& x = call.activation(0, "input");
  auto const* target = std::get_if<Integers>(&call.constant(1, "shape").elements);
  VALIDATE(target && !target->empty(), call.where() << ": its shape is empty or not of integer type. Check the file.");
  Shape const from = call.graph().file_shape(x);
  bool const keeps = keeps_batch(call, target->front(), call.integer("allowzero", 0) == 0);
  VALIDATE(keeps, call.where() << ": the first extent of its result is " << target->front().value << mixes);
  Shape const shape = reshape_target(call, *target, 1, from);
  VALIDATE(volume(shape) == volume(from),
           call.where() << ": samples of shape " << to_string(from) << " cannot become " << to_string(shape) << mixes);
  call.result(call.reshaped(x, shape), Role::none);
}

void flatten(Call& call) {
  Value const& x = call.activation(0, "input");
  Shape const from = call.graph().file_shape(x);
  std::int64_t const rank = call.graph().rank(x);
  std::int64_t const given = call.integer("axis", 1);
  std::int64_t const axis = given == rank ? rank : call.axis(given, rank);
  bool const keeps =
      axis > 0 && std::all_of(from.begin(), from.begin() + (axis - 1), [](auto extent) { return extent == 1; });
  VALIDATE(keeps, call.where() << ": axis " << given << mixes);
  call.result(call.reshaped(x, {volume(from)}), Role::none);
}

void squeeze(Call& call) {
  Value const& x = call.activation(0, "input");
  Shape const from = call.graph().file_shape(x);
  auto const axes = attribute_or_input(call, "axes", 12, 1);
  VALIDATE(axes || call.graph().batch != 1, call.where() << ": without axes it removes axis 0, the batch" << mixes);
  Shape shape;
  if (!axes) std::ranges::copy_if(from, std::back_inserter(shape), [](auto extent) { return extent != 1; });
  if (axes) {
    auto const gone = sorted_axes(call, *axes, call.graph().rank(x));
    VALIDATE(gone.empty() || gone.front() > 0, call.where() << ": it removes axis 0, the batch" << mixes);
    for (std::size_t i = 0; i < from.size(); ++i) {
      bool const removed = std::ranges::binary_search(gone, static_cast<std::int64_t>(i) + 1);
      VALIDATE(!removed || from[i] == 1, call.where()
                                             << ": it removes an axis of extent " << from[i] << ". Check the file.");
      if (!removed) shape.push_back(from[i]);
    }
  }
  call.result(call.reshaped(x, shape), Role::none);
}

void unsqueeze(Call& call) {
  Value const& x = call.activation(0, "input");
  auto const axes = attribute_or_input(call, "axes", 12, 1);
  VALIDATE(axes, call.where() << ": its axes are missing. Check the file.");
  Shape shape = call.graph().file_shape(x);
  std::int64_t const rank = call.graph().rank(x) + static_cast<std::int64_t>(axes->size());
  for (std::int64_t const axis : sorted_axes(call, *axes, rank)) {
    VALIDATE(axis > 0, call.where() << ": it adds an axis before the batch" << mixes);
    shape.insert(shape.begin() + (axis - 1), 1);
  }
  call.result(call.reshaped(x, shape), Role::none);
}

void transpose(Call& call) {
  Value const& x = call.activation(0, "input");
  std::int64_t const rank = call.graph().rank(x);
  auto const order = call.integer_list("perm");
  bool const permutes = order && static_cast<std::int64_t>(order->size()) == rank &&
                        static_cast<std::int64_t>(sorted_axes(call, *order, rank).size()) == rank;
  VALIDATE(permutes && order->front() == 0, call.where() << ": its permutation moves axis 0, the batch" << mixes);
  // Stored axes of the input in the result's order: as in the file, and with channels last.
  std::vector<std::int64_t> plain;
  for (std::size_t i = 1; i < order->size(); ++i)
    plain.push_back(static_cast<std::int64_t>(call.stored_axis(x, (*order)[i])));
  std::vector<std::int64_t> last = plain;
  if (rank == 4) std::ranges::rotate(last, last.begin() + 1);
  Value same = x;
  same.channels_last = rank == 4 && std::ranges::is_sorted(last);
  if (same.channels_last || std::ranges::is_sorted(plain)) return call.result(same, Role::none);
  call.result(call.add(Transpose{rank == 4 ? last : plain}, {x}, rank == 4), Role::none);
}

void identity(Call& call) { call.pass(); }

void dropout(Call& call) {
  bool const training = call.opset() >= 12 && call.has(2) && [&] {
    auto const* flags = std::get_if<Integers>(&call.constant(2, "training_mode").elements);
    return flags && !flags->empty() && flags->front().value != 0;
  }();
  VALIDATE(!training, call.where() << ": it is in training mode (outputs are random). Export the model for inference.");
  call.result(call.activation(0, "input"), Role::pass);
}

void cast(Call& call) {
  std::int64_t const to = call.integer("to", 0);
  bool const real = to == ::onnx::TensorProto_DataType_FLOAT || to == ::onnx::TensorProto_DataType_FLOAT16;
  VALIDATE(real, call.where() << ": it converts an activation to element type " << to
                              << " (only float32 and float16 are supported).");
  call.pass();
}

void shape_of(Call& call) {
  Value const& x = call.activation(0, "input");
  Integers extents{{0, true}};
  for (std::int64_t const extent : call.graph().file_shape(x)) extents.push_back({extent, false});
  auto const rank = static_cast<std::int64_t>(extents.size());
  auto const bound = [rank](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank); };
  std::int64_t const start = bound(call.integer("start", 0));
  std::int64_t const end = std::max(bound(call.integer("end", rank)), start);
  call.result(Constant{{end - start}, Integers(extents.begin() + start, extents.begin() + end)});
}

}  // namespace sonde::io::onnx_reader
