// MaxPool, AveragePool and their global forms.
#include <array>

#include "base/check.hpp"
#include "io/models/onnx/operators.hpp"
#include "io/models/onnx/window.hpp"

namespace sonde::io::onnx_reader {
namespace {

/// ceil_mode: padding after the image that makes room for the last, partial window. As in PyTorch and the later text of
/// the standard, a window that would start in the padding after the image does not count.
std::int64_t partial_window(Side const& side) {
  std::int64_t const span = side.extent + side.before + side.after - side.reach();
  std::int64_t steps = (span + side.stride - 1) / side.stride;
  if (steps * side.stride >= side.extent + side.before) --steps;
  return std::max<std::int64_t>(steps * side.stride - span, 0);
}

void check_inside(Call& call, Side const& side) {
  std::int64_t const span = side.extent + side.before + side.after - side.reach();
  VALIDATE(span >= 0 && side.before < side.reach() && span / side.stride * side.stride < side.before + side.extent,
           call.where() << ": a window does not touch the image (its padding or extent is too large). Check the file.");
}

void pool(Call& call, PoolKind kind) {
  Value const x = call.image(call.activation(0, "image"));
  auto const kernel = call.integer_list("kernel_shape");
  VALIDATE(kernel, call.where() << ": attribute 'kernel_shape' is missing (it is needed). Check the file.");
  Sides sides = read_window(call, *kernel, call.graph().stored_shape(x));
  Pool op;
  op.kind = kind;
  op.count_padding = kind == PoolKind::average && call.integer("count_include_pad", 0) != 0;
  for (Side* side : {&sides.y, &sides.x}) {
    std::int64_t const span = side->extent + side->before + side->after - side->reach();
    if (call.integer("ceil_mode", 0) != 0 && span >= 0) {
      std::int64_t const extra = partial_window(*side);
      VALIDATE(extra == 0 || !op.count_padding,
               call.where() << ": it averages partial windows (ceil_mode) and counts padding "
                            << "(the standard leaves open by what these are divided; not supported).");
      side->after += extra;
    }
    check_inside(call, *side);
  }
  op.window = to_window(sides);
  call.result(call.add(op, {x}, true), Role::layer);
}

}  // namespace

void max_pool(Call& call) { pool(call, PoolKind::max); }

void average_pool(Call& call) { pool(call, PoolKind::average); }

void global_max_pool(Call& call) {
  Value const x = call.image(call.activation(0, "image"));
  Shape const& shape = call.graph().stored_shape(x);
  Pool op;
  op.window.height = shape[0];
  op.window.width = shape[1];
  call.result(call.add(op, {x}, true), Role::layer);
}

void global_average_pool(Call& call) {
  Value const x = call.image(call.activation(0, "image"));
  call.result(call.add(ReduceMean{{0, 1}, true}, {x}, true), Role::layer);
}

}  // namespace sonde::io::onnx_reader
