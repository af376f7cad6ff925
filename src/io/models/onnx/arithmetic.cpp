// Arithmetic of two or more activations, or of one and a constant.
#include <algorithm>

#include "base/check.hpp"
#include "io/models/onnx/broadcast.hpp"
#include "io/models/onnx/operators.hpp"

namespace sonde::io::onnx_reader {
namespace {

/// y = scale x + shift where one of them is the given constant.
Value scale_shift(Call& call, Value const& x, Floats const& values, Shape const& aligned, float scale,
                  bool constant_scales) {
  Weights const given = spread(call, values, aligned, x);
  Floats const other(values.size(), constant_scales ? 0.0F : scale);
  Weights const rest = call.weights(given->shape, other);
  return call.add(ScaleShift{constant_scales ? given : rest, constant_scales ? rest : given}, {x}, x.channels_last);
}

/// function(x, constant), or the other way round when `constant_first`.
Value with_constant(Call& call, BinaryFunction function, Value const& x, std::size_t constant_input,
                    bool constant_first) {
  Constant const& constant = call.constant(constant_input, "constant operand");
  Floats values = call.floats(constant_input, "constant operand");
  bool const at_axis = call.opset() < 7 && call.has_attribute("axis");
  Shape const aligned = at_axis ? align_at(call, constant, x, call.integer("axis", 0)) : align_right(call, constant, x);
  if (is_per_unit(aligned, x)) {
    if (function == BinaryFunction::add) return scale_shift(call, x, values, aligned, 1, false);
    if (function == BinaryFunction::multiply) return scale_shift(call, x, values, aligned, 1, true);
    if (function == BinaryFunction::subtract) {
      if (constant_first) return scale_shift(call, x, values, aligned, -1, false);
      for (float& value : values) value = -value;
      return scale_shift(call, x, values, aligned, 1, false);
    }
  }
  return call.add(Binary{function, spread_fully(call, values, aligned, x), constant_first}, {x}, x.channels_last);
}

Value with_activation(Call& call, BinaryFunction function, Value a, Value b) {
  std::int64_t const rank = call.graph().rank(a);
  VALIDATE(rank == call.graph().rank(b), call.where()
                                             << ": its operands have ranks " << rank << " and " << call.graph().rank(b)
                                             << " (only equal ranks keep the batch apart). Check the model.");
  VALIDATE(a.batch_axis == b.batch_axis, call.where() << ": its operands have the batch on axes " << a.batch_axis
                                                      << " and " << b.batch_axis << " (samples would be mixed).");
  if (a.channels_last != b.channels_last) {
    a = call.image(a);
    b = call.image(b);
  }
  return call.add(Binary{function, nullptr, false}, {a, b}, a.channels_last);
}

bool is_arithmetic(BinaryFunction function) {
  return function != BinaryFunction::maximum && function != BinaryFunction::minimum;
}

/// factor * (all inputs combined), from the first activation on; the order of operands matters only where there are
/// two.
void fold_inputs(Call& call, BinaryFunction function, float factor) {
  std::size_t first = 0;
  while (call.is_constant(first)) ++first;  // at least one input is an activation
  Value total = call.input(first);
  bool constants_only = true;
  for (std::size_t i = 0; i < call.inputs(); ++i) {
    if (i == first) continue;
    if (call.is_constant(i)) {
      total = with_constant(call, function, total, i, i < first);
    } else {
      total = with_activation(call, function, total, call.input(i));
      constants_only = false;
    }
  }
  if (factor != 1) {
    total =
        call.add("mean", ScaleShift{call.weights({1}, {factor}), call.weights({1}, {0})}, {total}, total.channels_last);
  }
  if (call.inputs() == 1) return call.result(total, Role::pass);
  Role const alone = is_arithmetic(function) ? Role::affine : Role::activation;
  call.result(total, constants_only ? alone : Role::layer);
}

}  // namespace

void binary(Call& call, BinaryFunction function) {
  VALIDATE(!is_arithmetic(function) || call.inputs() == 2,
           call.where() << ": it has " << call.inputs() << " operands instead of 2. Check the file.");
  fold_inputs(call, function, 1);
}

void sum(Call& call) { fold_inputs(call, BinaryFunction::add, 1); }

void mean(Call& call) { fold_inputs(call, BinaryFunction::add, 1 / static_cast<float>(call.inputs())); }

}  // namespace sonde::io::onnx_reader
