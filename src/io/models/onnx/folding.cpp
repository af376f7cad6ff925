// Operators whose inputs are all constant: what exporters emit to compute shapes, and transposed weights.
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "io/models/onnx/operators.hpp"

namespace sonde::io::onnx_reader {
namespace {

using ::onnx::TensorProto;

/// Draws on the limit for a constant of elements like those of `like`; an Integer takes as much memory as four floats.
void charge(Call& call, Shape const& shape, Constant const& like) {
  call.charge(volume(shape) * (std::holds_alternative<Integers>(like.elements) ? 4 : 1));
}

/// The same elements under another shape.
Constant with_shape(Call& call, Constant const& from, Shape shape) {
  VALIDATE(volume(shape) == volume(from.shape), call.where() << ": a constant of shape " << to_string(from.shape)
                                                             << " cannot become " << to_string(shape)
                                                             << " (another number of elements). Check the file.");
  charge(call, shape, from);
  return {std::move(shape), from.elements};
}

Integer combine(Call& call, BinaryFunction function, Integer a, Integer b) {
  VALIDATE(!a.batch && !b.batch, call.where() << ": it computes with the batch size (samples would be mixed). "
                                              << "Export the model with a fixed batch size of 1.");
  std::int64_t result = 0;
  bool overflow = false;
  if (function == BinaryFunction::add) overflow = __builtin_add_overflow(a.value, b.value, &result);
  if (function == BinaryFunction::subtract) overflow = __builtin_sub_overflow(a.value, b.value, &result);
  if (function == BinaryFunction::multiply) overflow = __builtin_mul_overflow(a.value, b.value, &result);
  if (function == BinaryFunction::divide) {
    overflow = b.value == 0 || (b.value == -1 && __builtin_sub_overflow(std::int64_t{0}, a.value, &result));
    if (!overflow) result = a.value / b.value;
  }
  VALIDATE(!overflow, call.where() << ": integers " << a.value << " and " << b.value
                                   << " cannot be combined (overflow or division by 0).");
  return {result, false};
}

float combine(Call&, BinaryFunction function, float a, float b) {
  if (function == BinaryFunction::add) return a + b;
  if (function == BinaryFunction::subtract) return a - b;
  return function == BinaryFunction::multiply ? a * b : a / b;
}

/// Pads a shape with ones on the left.
Shape widened(Shape const& shape, std::size_t rank) {
  Shape result(rank - shape.size(), 1);
  result.insert(result.end(), shape.begin(), shape.end());
  return result;
}

/// Extents from constant input `i`. The batch becomes 1: a constant that is the same for all samples is kept once, and
/// broadcasts to them. Initial states of recurrent layers are such.
Shape extents_of(Call& call, std::size_t i) {
  auto const* elements = std::get_if<Integers>(&call.constant(i, "shape").elements);
  VALIDATE(elements, call.where() << ": its shape is not of integer type (it must be). Check the file.");
  Shape shape;
  for (Integer const& element : *elements) shape.push_back(element.batch ? 1 : element.value);
  VALIDATE(std::ranges::all_of(shape, [](auto extent) { return extent >= 0; }),
           call.where() << ": its shape has a negative extent. Check the file.");
  return shape;
}

std::int64_t truncated(Call& call, float value) {
  VALIDATE(std::abs(value) < 9e18F, call.where() << ": " << value << " is no integer of 64 bits. Check the file.");
  return static_cast<std::int64_t>(value);
}

}  // namespace

void fold_constant(Call& call) {
  if (auto const* tensor = call.find("value")) return call.result(read_tensor(tensor->t(), call.where()));
  if (auto const* number = call.find("value_float")) return call.result(Constant{{}, Floats{number->f()}});
  if (auto const* number = call.find("value_int")) return call.result(Constant{{}, Integers{{number->i(), false}}});
  if (auto const* list = call.find("value_floats")) {
    return call.result(Constant{{list->floats_size()}, Floats(list->floats().begin(), list->floats().end())});
  }
  auto const list = call.integer_list("value_ints");
  VALIDATE(list, call.where() << ": it holds neither a tensor nor numbers (no other values are supported).");
  Integers elements;
  for (std::int64_t const value : *list) elements.push_back({value, false});
  call.result(Constant{{static_cast<std::int64_t>(elements.size())}, std::move(elements)});
}

void fold_constant_of_shape(Call& call) {
  Shape const shape = extents_of(call, 0);
  Constant value{{1}, Floats{0}};
  if (auto const* given = call.find("value")) value = read_tensor(given->t(), call.where());
  VALIDATE(size(value) == 1, call.where()
                                 << ": its value has " << size(value) << " elements instead of 1. Check the file.");
  charge(call, shape, value);
  call.result(pick(value, shape, std::vector<std::size_t>(static_cast<std::size_t>(volume(shape)), 0)));
}

void fold_expand(Call& call) {
  Constant const& from = call.constant(0, "input");
  Shape shape = extents_of(call, 1);
  std::size_t const rank = std::max(shape.size(), from.shape.size());
  shape = widened(shape, rank);
  Shape const given = widened(from.shape, rank);
  for (std::size_t i = 0; i < rank; ++i) {
    VALIDATE(given[i] == shape[i] || given[i] == 1 || shape[i] == 1,
             call.where() << ": a constant of shape " << to_string(from.shape) << " does not expand to "
                          << to_string(shape) << ". Check the file.");
    if (shape[i] == 1) shape[i] = given[i];
  }
  charge(call, shape, from);
  auto const source = strided(shape, broadcast_strides(given));
  call.result(pick(from, std::move(shape), source));
}

void fold_shape(Call& call) {
  VALIDATE(!call.has_attribute("start") && !call.has_attribute("end"),
           call.where() << ": start and end are not supported for the shape of a constant.");
  Integers extents;
  for (std::int64_t const extent : call.constant(0, "input").shape) extents.push_back({extent, false});
  call.result(Constant{{static_cast<std::int64_t>(extents.size())}, std::move(extents)});
}

void fold_identity(Call& call) {
  Constant const& from = call.constant(0, "input");
  call.result(with_shape(call, from, from.shape));
}

void fold_cast(Call& call) {
  Constant const& from = call.constant(0, "input");
  std::int64_t const to = call.integer("to", 0);
  bool const real = to == TensorProto::FLOAT || to == TensorProto::FLOAT16 || to == TensorProto::DOUBLE ||
                    to == TensorProto::BFLOAT16;
  bool const integer = to == TensorProto::INT64 || to == TensorProto::INT32;
  VALIDATE(real || integer, call.where() << ": element type " << to << " is not supported for constants.");
  call.charge(4 * volume(from.shape));
  auto const* floats = std::get_if<Floats>(&from.elements);
  if ((floats != nullptr) == real) return call.result(from);
  if (real) {
    Floats result;
    for (std::int64_t const value : call.integers(0, "input")) result.push_back(static_cast<float>(value));
    return call.result(Constant{from.shape, std::move(result)});
  }
  Integers result;
  for (float const value : *floats) result.push_back({truncated(call, value), false});
  call.result(Constant{from.shape, std::move(result)});
}

void fold_gather(Call& call) {
  Constant const& data = call.constant(0, "data");
  auto const rank = static_cast<std::int64_t>(data.shape.size());
  auto const axis = static_cast<std::size_t>(call.axis(call.integer("axis", 0), rank));
  auto const indices = call.integers(1, "indices");
  Shape const& chosen = call.constant(1, "indices").shape;
  Shape shape = data.shape;
  shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(axis));
  shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(axis), chosen.begin(), chosen.end());
  charge(call, shape, data);
  auto const middle = static_cast<std::ptrdiff_t>(axis);
  auto const outer = static_cast<std::size_t>(volume({data.shape.begin(), data.shape.begin() + middle}));
  auto const inner = static_cast<std::size_t>(volume({data.shape.begin() + middle + 1, data.shape.end()}));
  auto const extent = static_cast<std::size_t>(data.shape[axis]);
  std::vector<std::size_t> source;
  for (std::size_t o = 0; o < outer; ++o) {
    for (std::int64_t const index : indices) {
      auto const at = static_cast<std::size_t>(call.axis(index, data.shape[axis]));
      for (std::size_t i = 0; i < inner; ++i) source.push_back((o * extent + at) * inner + i);
    }
  }
  call.result(pick(data, std::move(shape), source));
}

void fold_slice(Call& call) {
  Constant const& data = call.constant(0, "data");
  auto const ranges = slice_ranges(call, data.shape);
  auto const steps = broadcast_strides(data.shape);
  Shape shape;
  std::vector<std::size_t> strides;
  std::size_t first = 0;
  for (std::size_t axis = 0; axis < ranges.size(); ++axis) {
    shape.push_back(ranges[axis].count);
    // Unsigned arithmetic wraps, so that a negative step walks backwards.
    strides.push_back(steps[axis] * static_cast<std::size_t>(ranges[axis].step));
    first += steps[axis] * static_cast<std::size_t>(ranges[axis].begin);
  }
  charge(call, shape, data);
  auto source = strided(shape, strides);
  for (std::size_t& position : source) position += first;
  call.result(pick(data, std::move(shape), source));
}

void fold_concat(Call& call) {
  Constant const& first = call.constant(0, "part");
  auto const axis =
      static_cast<std::size_t>(call.axis(call.integer("axis", 0), static_cast<std::int64_t>(first.shape.size())));
  VALIDATE(first.shape.size() == 1,
           call.where() << ": it joins constants of rank " << first.shape.size() << " (only lists are supported).");
  Constant result = first;
  for (std::size_t i = 1; i < call.inputs(); ++i) {
    Constant const& part = call.constant(i, "part");
    VALIDATE(part.shape.size() == 1 && part.elements.index() == first.elements.index(),
             call.where() << ": its constant parts differ in rank or type. Check the file.");
    result.shape[axis] += part.shape[axis];
    charge(call, result.shape, result);
    std::visit(
        [&part](auto& elements) {
          auto const& more = std::get<std::remove_cvref_t<decltype(elements)>>(part.elements);
          elements.insert(elements.end(), more.begin(), more.end());
        },
        result.elements);
  }
  call.result(std::move(result));
}

void fold_reshape(Call& call) {
  Constant const& from = call.constant(0, "input");
  Integers target;
  for (std::int64_t const extent : call.integers(1, "shape")) target.push_back({extent, false});
  call.result(with_shape(call, from, reshape_target(call, target, 0, from.shape)));
}

void fold_squeeze(Call& call) {
  Constant const& from = call.constant(0, "input");
  auto const rank = static_cast<std::int64_t>(from.shape.size());
  auto const axes = attribute_or_input(call, "axes", 12, 1);
  auto const gone = sorted_axes(call, axes.value_or(std::vector<std::int64_t>{}), rank);
  Shape shape;
  for (std::size_t i = 0; i < from.shape.size(); ++i) {
    bool const removed = axes ? std::ranges::binary_search(gone, static_cast<std::int64_t>(i)) : from.shape[i] == 1;
    if (!removed) shape.push_back(from.shape[i]);
  }
  call.result(with_shape(call, from, std::move(shape)));
}

void fold_unsqueeze(Call& call) {
  Constant const& from = call.constant(0, "input");
  auto const axes = attribute_or_input(call, "axes", 12, 1).value_or(std::vector<std::int64_t>{});
  Shape shape = from.shape;
  for (std::int64_t const axis : sorted_axes(call, axes, static_cast<std::int64_t>(shape.size() + axes.size()))) {
    shape.insert(shape.begin() + axis, 1);
  }
  call.result(with_shape(call, from, std::move(shape)));
}

void fold_transpose(Call& call) {
  Constant const& from = call.constant(0, "input");
  auto const rank = static_cast<std::int64_t>(from.shape.size());
  std::vector<std::int64_t> backwards;
  for (std::int64_t axis = rank; axis-- > 0;) backwards.push_back(axis);
  auto const order = call.integer_list("perm").value_or(backwards);
  VALIDATE(static_cast<std::int64_t>(sorted_axes(call, order, rank).size()) == rank,
           call.where() << ": its permutation has " << order.size() << " axes for " << rank << ". Check the file.");
  auto const steps = broadcast_strides(from.shape);
  Shape shape;
  std::vector<std::size_t> strides;
  for (std::int64_t const axis : order) {
    auto const at = static_cast<std::size_t>(call.axis(axis, rank));
    shape.push_back(from.shape[at]);
    strides.push_back(steps[at]);
  }
  charge(call, shape, from);
  auto const source = strided(shape, strides);
  call.result(pick(from, std::move(shape), source));
}

void fold_arithmetic(Call& call, BinaryFunction function) {
  Constant const &a = call.constant(0, "left operand"), &b = call.constant(1, "right operand");
  VALIDATE(a.elements.index() == b.elements.index(), call.where() << ": its operands differ in type. Check the file.");
  std::size_t const rank = std::max(a.shape.size(), b.shape.size());
  Shape const left = widened(a.shape, rank), right = widened(b.shape, rank);
  Shape shape = left;
  for (std::size_t i = 0; i < rank; ++i) {
    VALIDATE(left[i] == right[i] || left[i] == 1 || right[i] == 1,
             call.where() << ": constants of shapes " << to_string(a.shape) << " and " << to_string(b.shape)
                          << " do not combine.");
    if (left[i] == 1) shape[i] = right[i];
  }
  charge(call, shape, a);
  auto const from_a = strided(shape, broadcast_strides(left)), from_b = strided(shape, broadcast_strides(right));
  std::visit(
      [&](auto const& x) {
        auto const& y = std::get<std::remove_cvref_t<decltype(x)>>(b.elements);
        std::remove_cvref_t<decltype(x)> result;
        for (std::size_t i = 0; i < from_a.size(); ++i)
          result.push_back(combine(call, function, x[from_a[i]], y[from_b[i]]));
        call.result(Constant{shape, std::move(result)});
      },
      a.elements);
}

}  // namespace sonde::io::onnx_reader
