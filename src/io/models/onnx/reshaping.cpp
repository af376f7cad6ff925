// Operators that keep the elements of a sample and change their order, axes or name.
#include <onnx/onnx_pb.h>

#include <algorithm>

#include "base/check.hpp"
#include "io/models/onnx/operators.hpp"

namespace sonde::io::onnx_reader {
namespace {

constexpr char const* mixes =
    " (samples of a batch would be mixed; not supported). Export the model so that axis 0 stays the batch.";

/// Whether an entry of a Reshape's target stands for the batch, given that the rest holds one sample.
bool keeps_batch(Call& call, Integer const& entry, bool zero_copies) {
  if (entry.batch || entry.value == -1) return true;
  if (entry.value == 0) return zero_copies;
  return call.graph().batch == entry.value;
}

/// A Reshape of a value whose batch is not axis 0: what is before and after the batch must keep its elements.
void reshape_around_batch(Call& call, Value const& x, Integers const& target) {
  Shape const from = call.graph().file_shape(x);
  auto const middle = from.begin() + x.batch_axis;
  auto const given = std::ranges::find(target, true, &Integer::batch);
  std::int64_t const at = given == target.end() ? x.batch_axis : given - target.begin();
  bool const zero_copies = call.integer("allowzero", 0) == 0;
  auto const is_zero = [](Integer const& entry) { return entry.value == 0 && !entry.batch; };
  bool const known = at < static_cast<std::int64_t>(target.size()) &&
                     keeps_batch(call, target[static_cast<std::size_t>(at)], zero_copies && at == x.batch_axis) &&
                     (at == x.batch_axis || std::ranges::none_of(target, is_zero));
  VALIDATE(known, call.where() << ": its result has no axis that is the batch" << mixes);
  Shape const before = reshape_target(call, {target.begin(), target.begin() + at}, 0, {from.begin(), middle});
  Shape const after = reshape_target(call, target, static_cast<std::size_t>(at) + 1, {middle, from.end()});
  VALIDATE(volume(before) == volume({from.begin(), middle}) && volume(after) == volume({middle, from.end()}),
           call.where() << ": samples of shape " << to_string(from) << " are cut elsewhere than at the batch" << mixes);
  Shape shape = before;
  shape.insert(shape.end(), after.begin(), after.end());
  Value result = call.reshaped(x, shape);
  result.batch_axis = at;
  call.result(result, Role::none);
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
  if (x.batch_axis > 0) return reshape_around_batch(call, x, *target);
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
  bool const keeps = axis > x.batch_axis &&
                     std::all_of(from.begin(), from.begin() + (axis - 1), [](auto extent) { return extent == 1; });
  VALIDATE(keeps, call.where() << ": axis " << given << mixes);
  Value result = call.reshaped(x, {volume(from)});
  result.batch_axis = 0;
  call.result(result, Role::none);
}

void squeeze(Call& call) {
  Value const& x = call.activation(0, "input");
  Shape const from = call.graph().file_shape(x);
  auto const axes = attribute_or_input(call, "axes", 12, 1);
  std::int64_t const batch = x.batch_axis;
  VALIDATE(axes || call.graph().batch != 1,
           call.where() << ": without axes it removes axis " << batch << ", the batch" << mixes);
  auto const gone = sorted_axes(call, axes.value_or(std::vector<std::int64_t>{}), call.graph().rank(x));
  VALIDATE(!std::ranges::binary_search(gone, batch), call.where()
                                                         << ": it removes axis " << batch << ", the batch" << mixes);
  Shape shape;
  std::int64_t new_batch = batch;
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::int64_t const axis = static_cast<std::int64_t>(i) + (static_cast<std::int64_t>(i) >= batch ? 1 : 0);
    bool const removed = axes ? std::ranges::binary_search(gone, axis) : from[i] == 1;
    VALIDATE(!removed || from[i] == 1, call.where()
                                           << ": it removes an axis of extent " << from[i] << ". Check the file.");
    if (!removed) shape.push_back(from[i]);
    if (removed && axis < batch) --new_batch;
  }
  Value result = call.reshaped(x, shape);
  result.batch_axis = new_batch;
  call.result(result, Role::none);
}

void unsqueeze(Call& call) {
  Value const& x = call.activation(0, "input");
  auto const axes = attribute_or_input(call, "axes", 12, 1);
  VALIDATE(axes, call.where() << ": its axes are missing. Check the file.");
  Shape shape = call.graph().file_shape(x);
  std::int64_t const rank = call.graph().rank(x) + static_cast<std::int64_t>(axes->size());
  std::int64_t batch = x.batch_axis;
  for (std::int64_t const axis : sorted_axes(call, *axes, rank)) {
    VALIDATE(axis > 0 || x.batch_axis > 0, call.where() << ": it adds an axis before the batch" << mixes);
    if (axis <= batch) ++batch;
    shape.insert(shape.begin() + (axis < batch ? axis : axis - 1), 1);
  }
  Value result = call.reshaped(x, shape);
  result.batch_axis = batch;
  call.result(result, Role::none);
}

namespace {

/// A permutation that moves the batch, or of a value whose batch is not axis 0.
void transpose_around_batch(Call& call, std::vector<std::int64_t> const& order) {
  Value const x = call.plain(call.activation(0, "input"));
  Transpose op;
  std::int64_t batch = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (call.axis(order[i], call.graph().rank(x)) == x.batch_axis) {
      batch = static_cast<std::int64_t>(i);
    } else {
      op.order.push_back(static_cast<std::int64_t>(call.sample_axis(x, order[i])));
    }
  }
  Value result = std::ranges::is_sorted(op.order) ? x : call.add(std::move(op), {x}, false);
  result.batch_axis = batch;
  call.result(result, Role::none);
}

}  // namespace

void transpose(Call& call) {
  Value const& x = call.activation(0, "input");
  std::int64_t const rank = call.graph().rank(x);
  std::vector<std::int64_t> backwards;
  for (std::int64_t axis = rank; axis-- > 0;) backwards.push_back(axis);
  auto const order = call.integer_list("perm").value_or(backwards);
  bool const permutes = static_cast<std::int64_t>(order.size()) == rank &&
                        static_cast<std::int64_t>(sorted_axes(call, order, rank).size()) == rank;
  VALIDATE(permutes,
           call.where() << ": its permutation has " << order.size() << " axes for " << rank << ". Check the file.");
  if (order.front() != 0 || x.batch_axis != 0) return transpose_around_batch(call, order);
  // Stored axes of the input in the result's order: as in the file, and with channels last.
  std::vector<std::int64_t> plain;
  for (std::size_t i = 1; i < order.size(); ++i)
    plain.push_back(static_cast<std::int64_t>(call.stored_axis(x, order[i])));
  std::vector<std::int64_t> last = plain;
  if (rank == 4) std::rotate(last.begin(), last.begin() + 1, last.end());
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
  // Ids may come as floats.
  bool const whole = to == ::onnx::TensorProto_DataType_INT64 || to == ::onnx::TensorProto_DataType_INT32;
  if (whole && call.graph().are_ids(call.output_name(0))) return call.pass();
  bool const real = to == ::onnx::TensorProto_DataType_FLOAT || to == ::onnx::TensorProto_DataType_FLOAT16;
  VALIDATE(real, call.where() << ": it converts an activation to element type " << to
                              << " (only float32 and float16 are supported).");
  call.pass();
}

void shape_of(Call& call) {
  Value const& x = call.activation(0, "input");
  Integers extents;
  for (std::int64_t const extent : call.graph().file_shape(x)) extents.push_back({extent, false});
  extents.insert(extents.begin() + x.batch_axis, {0, true});
  auto const rank = static_cast<std::int64_t>(extents.size());
  auto const bound = [rank](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank); };
  std::int64_t const start = bound(call.integer("start", 0));
  std::int64_t const end = std::max(bound(call.integer("end", rank)), start);
  call.result(Constant{{end - start}, Integers(extents.begin() + start, extents.begin() + end)});
}

}  // namespace sonde::io::onnx_reader
