// Operators along an axis: joining, cutting, padding and averaging.
#include <algorithm>

#include "base/check.hpp"
#include "io/models/onnx/operators.hpp"

namespace sonde::io::onnx_reader {
namespace {

/// Elements [begin, begin + count) of a stored axis.
Value crop(Call& call, Value const& x, std::size_t axis, std::int64_t begin, std::int64_t count) {
  Shape const shape = call.graph().stored_shape(x);
  VALIDATE(count > 0, call.where() << ": a part is empty (not supported). Simplify the model.");
  if (begin == 0 && count == shape[axis]) return x;
  Pad op{Shape(shape.size(), 0), Shape(shape.size(), 0), 0};
  op.before[axis] = -begin;
  op.after[axis] = begin + count - shape[axis];
  return call.add(std::move(op), {x}, x.channels_last);
}

}  // namespace

void concat(Call& call) {
  if (call.inputs() == 1) return call.pass();
  std::vector<Value> parts;
  for (std::size_t i = 0; i < call.inputs(); ++i) parts.push_back(call.activation(i, "part"));
  std::int64_t const rank = call.graph().rank(parts.front());
  bool const images = std::ranges::any_of(parts, &Value::channels_last);
  for (Value& part : parts) {
    VALIDATE(part.batch_axis == parts.front().batch_axis,
             call.where() << ": its parts have the batch on different axes (samples would be mixed).");
    VALIDATE(call.graph().rank(part) == rank, call.where() << ": its parts have different ranks. Check the file.");
    if (images) part = call.image(part);
  }
  VALIDATE(call.has_attribute("axis"), call.where() << ": attribute 'axis' is missing. Check the file.");
  std::size_t const axis = call.stored_axis(parts.front(), call.integer("axis", 1));
  call.result(call.add(Concat{static_cast<std::int64_t>(axis)}, parts, images), Role::layer);
}

void split(Call& call) {
  Value const x = call.activation(0, "input");
  std::size_t const axis = call.stored_axis(x, call.integer("axis", 0));
  std::int64_t const extent = call.graph().stored_shape(x)[axis];
  auto const parts = static_cast<std::int64_t>(call.outputs());
  auto sizes = attribute_or_input(call, "split", 12, 1);
  if (!sizes) {
    VALIDATE(extent % parts == 0, call.where()
                                      << ": " << extent << " elements do not split into " << parts << " equal parts.");
    sizes = std::vector<std::int64_t>(call.outputs(), extent / parts);
  }
  VALIDATE(static_cast<std::int64_t>(sizes->size()) == parts,
           call.where() << ": it names " << sizes->size() << " sizes for " << parts << " outputs. Check the file.");
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < sizes->size(); ++i) {
    std::int64_t const count = (*sizes)[i];
    VALIDATE(count >= 0 && count <= extent - begin,
             call.where() << ": its parts do not fit " << extent << " elements. Check the file.");
    if (call.output_used(i)) call.result(crop(call, x, axis, begin, count), Role::none, i);
    begin += count;
  }
}

namespace {

/// Rows of a constant table, by ids that depend on the input.
void embed(Call& call) {
  Constant const& table = call.constant(0, "table");
  Value const& ids = call.activation(1, "indices");
  VALIDATE(table.shape.size() == 2 && call.axis(call.integer("axis", 0), 2) == 0 && !ids.channels_last,
           call.where() << ": its table has shape " << to_string(table.shape) << " and ids pick along axis "
                        << call.integer("axis", 0) << " (only rows of a matrix are supported).");
  call.result(call.add(Embedding{call.weights(table.shape, call.floats(0, "table"))}, {ids}, false), Role::layer);
}

}  // namespace

void gather(Call& call) {
  if (call.has(1) && call.is_constant(0)) return embed(call);
  Value const x = call.activation(0, "data");
  std::int64_t const file_axis = call.axis(call.integer("axis", 0), call.graph().rank(x));
  std::size_t const axis = call.stored_axis(x, file_axis);
  auto const indices = call.integers(1, "indices");
  constexpr std::size_t most = 256;
  VALIDATE(!indices.empty() && indices.size() <= most, call.where() << ": it takes " << indices.size()
                                                                    << " elements of an activation (1 to " << most
                                                                    << " are supported).");
  std::vector<Value> parts;
  for (std::int64_t const index : indices) {
    parts.push_back(crop(call, x, axis, call.axis(index, call.graph().stored_shape(x)[axis]), 1));
  }
  Value taken = parts.front();
  if (parts.size() > 1) taken = call.add(Concat{static_cast<std::int64_t>(axis)}, parts, x.channels_last);
  // The axis becomes those of the indices: none for a single number.
  Shape const& chosen = call.constant(1, "indices").shape;
  if (chosen.size() != 1) {
    Shape shape = call.graph().file_shape(taken);
    auto const at = shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(call.sample_axis(x, file_axis)));
    shape.insert(at, chosen.begin(), chosen.end());
    taken = call.reshaped(taken, shape);
    if (file_axis < x.batch_axis) taken.batch_axis += static_cast<std::int64_t>(chosen.size()) - 1;
  }
  call.result(taken, Role::none);
}

std::vector<Range> slice_ranges(Call& call, Shape const& shape) {
  auto const rank = static_cast<std::int64_t>(shape.size());
  auto const starts = attribute_or_input(call, "starts", 9, 1), ends = attribute_or_input(call, "ends", 9, 2);
  auto axes = attribute_or_input(call, "axes", 9, 3);
  auto steps = call.opset() < 10 ? std::nullopt : attribute_or_input(call, "steps", 9, 4);
  VALIDATE(starts && ends && starts->size() == ends->size() && (!axes || axes->size() == starts->size()) &&
               (!steps || steps->size() == starts->size()),
           call.where() << ": its starts, ends, axes and steps differ in number. Check the file.");
  std::vector<Range> ranges;
  for (std::int64_t const extent : shape) ranges.push_back({0, 1, extent});
  std::vector<bool> seen(shape.size(), false);
  for (std::size_t i = 0; i < starts->size(); ++i) {
    auto const axis = static_cast<std::size_t>(call.axis(axes ? (*axes)[i] : static_cast<std::int64_t>(i), rank));
    std::int64_t const step = steps ? (*steps)[i] : 1, extent = shape[axis];
    constexpr std::int64_t largest = 1 << 30;
    VALIDATE(step != 0 && step > -largest && step < largest && !seen[axis],
             call.where() << ": a step is 0 or absurd, or an axis is named twice. Check the file.");
    seen[axis] = true;
    std::int64_t const low = step > 0 ? 0 : -1, high = step > 0 ? extent : extent - 1;
    auto const bound = [&](std::int64_t at, std::int64_t least) {
      return std::clamp(at < 0 ? at + extent : at, least, std::max(high, least));
    };
    std::int64_t const begin = bound((*starts)[i], 0), end = bound((*ends)[i], low);
    std::int64_t const span = step > 0 ? end - begin : begin - end, stride = std::abs(step);
    ranges[axis] = {begin, step, extent > 0 && span > 0 ? (span + stride - 1) / stride : 0};
  }
  return ranges;
}

void slice(Call& call) {
  Value x = call.activation(0, "input");
  constexpr std::int64_t symbolic = std::int64_t{1} << 40;
  Shape shape = call.graph().file_shape(x);
  auto const batch = static_cast<std::size_t>(x.batch_axis);
  shape.insert(shape.begin() + x.batch_axis, call.graph().batch.value_or(symbolic));
  auto const ranges = slice_ranges(call, shape);
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    VALIDATE(ranges[axis].step == 1,
             call.where() << ": its step is " << ranges[axis].step << " (only 1 is supported on activations).");
    bool const whole = ranges[axis].begin == 0 && ranges[axis].count == shape[axis];
    VALIDATE(axis != batch || whole,
             call.where() << ": it takes a part of axis " << batch << ", the batch (samples must be treated alike).");
    if (!whole)
      x = crop(call, x, call.stored_axis(x, static_cast<std::int64_t>(axis)), ranges[axis].begin, ranges[axis].count);
  }
  call.result(x, Role::none);
}

void pad(Call& call) {
  Value const& x = call.activation(0, "input");
  std::string const mode = call.text("mode", "constant");
  VALIDATE(mode == "constant", call.where() << ": mode '" << mode << "' is not supported (only 'constant' is).");
  auto const pads = attribute_or_input(call, "pads", 10, 1);
  auto const rank = static_cast<std::size_t>(call.graph().rank(x));
  VALIDATE(pads && pads->size() == 2 * rank, call.where()
                                                 << ": it needs two numbers of padding per axis. Check the file.");
  constexpr std::int64_t largest = 1 << 20;
  VALIDATE(std::ranges::all_of(*pads, [](auto v) { return v > -largest && v < largest; }),
           call.where() << ": a padding is absurdly large. Check the file.");
  auto const batch = static_cast<std::size_t>(x.batch_axis);
  VALIDATE((*pads)[batch] == 0 && (*pads)[batch + rank] == 0,
           call.where() << ": it pads axis " << batch << ", the batch (samples must be treated alike).");
  if (std::ranges::count(*pads, 0) == static_cast<std::ptrdiff_t>(pads->size())) return call.pass();
  Pad op{Shape(rank - 1), Shape(rank - 1), 0};
  for (std::size_t axis = 0; axis < rank; ++axis) {
    if (axis == batch) continue;
    std::size_t const stored = call.stored_axis(x, static_cast<std::int64_t>(axis));
    op.before[stored] = (*pads)[axis];
    op.after[stored] = (*pads)[axis + rank];
  }
  if (call.opset() < 11) op.value = call.real("value", 0);
  if (call.opset() >= 11 && call.has(2)) op.value = call.scalar(2, "value");
  call.result(call.add(std::move(op), {x}, x.channels_last), Role::none);
}

void reduce_mean(Call& call) {
  Value x = call.activation(0, "input");
  auto const axes = call.integer_list("axes");
  VALIDATE(axes && !axes->empty(), call.where()
                                       << ": it averages over all axes, the batch too (samples would be mixed).");
  auto const reduced = sorted_axes(call, *axes, call.graph().rank(x));
  bool const keep = call.integer("keepdims", 1) != 0;
  // What remains of (H, W, C) is in the file's order when only channels, or all of height and width, go.
  auto const gone = [&](std::int64_t axis) { return std::ranges::binary_search(reduced, axis); };
  if (x.channels_last && !keep && !gone(1) && !(gone(2) && gone(3))) x = call.plain(x);
  ReduceMean op;
  for (std::int64_t const axis : reduced) op.axes.push_back(static_cast<std::int64_t>(call.stored_axis(x, axis)));
  std::ranges::sort(op.axes);
  op.keep = keep;
  Value result = call.add(std::move(op), {x}, x.channels_last && keep);
  if (!keep) result.batch_axis -= std::ranges::count_if(reduced, [&](auto axis) { return axis < x.batch_axis; });
  call.result(result, Role::layer);
}

}  // namespace sonde::io::onnx_reader
