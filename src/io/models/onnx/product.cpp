// Gemm and MatMul.
#include <onnx/onnx_pb.h>

#include "base/check.hpp"
#include "io/models/onnx/operators.hpp"

namespace sonde::io::onnx_reader {
namespace {

/// factor * B, (inputs, outputs), from B or its transpose.
Weights matrix(Call& call, std::size_t i, bool transposed, float factor) {
  Shape const& shape = call.constant(i, "right operand").shape;
  VALIDATE(shape.size() == 2,
           call.where() << ": its right operand has shape " << to_string(shape) << " (only a matrix is supported).");
  Floats const& values = call.floats(i, "right operand");
  auto const rows = static_cast<std::size_t>(shape[0]), columns = static_cast<std::size_t>(shape[1]);
  call.charge(static_cast<std::int64_t>(values.size()));
  auto result = std::make_shared<Tensor>(transposed ? Shape{shape[1], shape[0]} : shape);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      result->data[transposed ? c * rows + r : r * columns + c] = factor * values[r * columns + c];
    }
  }
  return result;
}

/// factor * a bias of one element, (K) or (1, K); null when it has another shape.
Weights bias(Call& call, Constant const& constant, std::int64_t units, float factor) {
  auto const* values = std::get_if<Floats>(&constant.elements);
  auto const count = static_cast<std::int64_t>(size(constant));
  bool const fits = count == 1 || (count == units && constant.shape.back() == units);
  if (!values || !fits) return nullptr;
  Floats result(static_cast<std::size_t>(units));
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = factor * (*values)[count == 1 ? 0 : i];
  return call.weights({units}, result);
}

/// The Add that gives a MatMul of `rank` its bias, when nothing else uses the product.
Weights absorbed_bias(Call& call, std::string const& product, std::int64_t rank, std::int64_t units) {
  ::onnx::NodeProto const* next = call.graph().only_user(product);
  if (!next || next->op_type() != "Add" || next->input_size() != 2 || call.opset() < 7) return nullptr;
  Value const* other = call.graph().find(next->input(next->input(0) == product ? 1 : 0));
  if (!other || !other->constant || static_cast<std::int64_t>(other->constant->shape.size()) > rank) return nullptr;
  Weights result = bias(call, *other->constant, units, 1);
  if (result) call.graph().absorb(next);
  return result;
}

}  // namespace

void gemm(Call& call) {
  Value const& x = call.activation(0, "left operand");
  VALIDATE(call.graph().rank(x) == 2,
           call.where() << ": its left operand has rank " << call.graph().rank(x) << " (a matrix is needed).");
  VALIDATE(x.batch_axis == 0, call.where() << ": the batch of its left operand is axis 1 (it would become features; "
                                           << "not supported). Export the model with the batch first.");
  VALIDATE(call.integer("transA", 0) == 0, call.where()
                                               << ": it transposes its left operand (the batch would become features; "
                                               << "not supported). Export the model without transA.");
  Dense op;
  op.weights = matrix(call, 1, call.integer("transB", 0) != 0, call.real("alpha", 1));
  std::int64_t const units = op.weights->shape[1];
  if (call.has(2)) {
    Constant const& c = call.constant(2, "bias");
    op.bias = bias(call, c, units, call.real("beta", 1));
    VALIDATE(op.bias, call.where() << ": its bias has shape " << to_string(c.shape) << " for " << units
                                   << " units (one number each is supported).");
  }
  call.result(call.add(std::move(op), {x}, false), Role::product);
}

namespace {

/// One row (1, K) times a matrix (K, M), both activations, as attention has it: the sum over K of row_k matrix_k, by
/// the mean.
void weighted_sum(Call& call) {
  Value const a = call.plain(call.activation(0, "left operand")), b = call.plain(call.activation(1, "right operand"));
  Shape const left = call.graph().file_shape(a), right = call.graph().file_shape(b);
  bool const fits = left.size() == 2 && right.size() == 2 && left[0] == 1 && left[1] == right[0] && a.batch_axis == 0 &&
                    b.batch_axis == 0;
  VALIDATE(fits, call.where() << ": it multiplies activations of shapes " << to_string(left) << " and "
                              << to_string(right) << " (only one row times a matrix is supported).");
  Value const column = call.reshaped(a, {left[1], 1});
  Value value = call.add("product", Binary{BinaryFunction::multiply, nullptr, false}, {b, column}, false);
  value = call.add("mean", ReduceMean{{0}, true}, {value}, false);
  auto const count = static_cast<float>(left[1]);
  value = call.add(ScaleShift{call.weights({1}, {count}), call.weights({1}, {0})}, {value}, false);
  call.result(value, Role::layer);
}

}  // namespace

void mat_mul(Call& call) {
  if (call.has(1) && !call.is_constant(0) && !call.is_constant(1)) return weighted_sum(call);
  Value const x = call.plain(call.activation(0, "left operand"));
  VALIDATE(call.graph().rank(x) >= 2, call.where() << ": its left operand has rank 1 (at least a matrix is needed).");
  VALIDATE(x.batch_axis + 1 < call.graph().rank(x), call.where()
                                                        << ": it works along axis " << x.batch_axis
                                                        << ", the batch (samples would be mixed; not supported).");
  Dense op;
  op.weights = matrix(call, 1, false, 1);
  op.bias = absorbed_bias(call, call.output_name(0), call.graph().rank(x), op.weights->shape[1]);
  call.result(call.add(std::move(op), {x}, false), Role::product);
}

}  // namespace sonde::io::onnx_reader
