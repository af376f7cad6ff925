// Conv.
#include "base/check.hpp"
#include "io/models/onnx/operators.hpp"
#include "io/models/onnx/window.hpp"

namespace sonde::io::onnx_reader {

void conv(Call& call) {
  Constant const& kernel = call.constant(1, "kernel");  // (K, C / groups, height, width)
  Floats const& values = call.floats(1, "kernel");
  Shape const& k = kernel.shape;
  VALIDATE(k.size() == 4, call.where() << ": its kernel has " << k.size()
                                       << " axes (only two-dimensional convolutions, with 4, are "
                                       << "supported).");
  Value const x = call.image(call.activation(0, "image"));
  std::vector<std::int64_t> const extents{k[2], k[3]};
  VALIDATE(call.integer_list("kernel_shape").value_or(extents) == extents,
           call.where() << ": kernel_shape is not that of the kernel " << to_string(k) << ". Check the file.");

  Conv2d op;
  op.window = to_window(read_window(call, extents, call.graph().stored_shape(x)));
  op.groups = call.integer("group", 1);
  call.charge(static_cast<std::int64_t>(values.size()));
  auto weights = std::make_shared<Tensor>(Shape{k[2], k[3], k[1], k[0]});
  std::size_t const area = static_cast<std::size_t>(k[2] * k[3]);
  auto const outputs = static_cast<std::size_t>(k[0]), inputs = static_cast<std::size_t>(k[1]);
  for (std::size_t o = 0; o < outputs; ++o) {
    for (std::size_t i = 0; i < inputs; ++i) {
      for (std::size_t p = 0; p < area; ++p)
        weights->data[(p * inputs + i) * outputs + o] = values[(o * inputs + i) * area + p];
    }
  }
  op.weights = std::move(weights);
  if (call.has(2)) op.bias = call.weights(call.constant(2, "bias").shape, call.floats(2, "bias"));
  call.result(call.add(std::move(op), {x}, true), Role::product);
}

}  // namespace sonde::io::onnx_reader
