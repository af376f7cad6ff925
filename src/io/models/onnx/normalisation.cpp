// BatchNormalization, LRN, Softmax and LogSoftmax.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.hpp"
#include "io/models/onnx/operators.hpp"

namespace sonde::io::onnx_reader {
namespace {

/// Exchanges a stored axis with the last; its own inverse.
Op exchange_with_last(Shape const& stored, std::size_t axis) {
  std::vector<std::int64_t> order(stored.size());
  std::iota(order.begin(), order.end(), 0);
  std::swap(order[axis], order.back());
  return Transpose{order};
}

/// Applies `op`, which works on the last axis, along stored axis `axis`.
Value along(Call& call, Op op, Value const& x, std::size_t axis) {
  Shape const shape = call.graph().stored_shape(x);
  if (axis + 1 == shape.size()) return call.add(std::move(op), {x}, x.channels_last);
  Op const exchange = exchange_with_last(shape, axis);
  Value value = call.add("axis_last", exchange, {x}, false);
  value = call.add(std::move(op), {value}, false);
  return call.add("axis_back", exchange, {value}, x.channels_last);
}

/// Softmax up to opset 12: over all axes from `axis` on at once.
Value flattened_softmax(Call& call, Value const& x, std::int64_t axis, bool log) {
  Shape const file = call.graph().file_shape(x);
  auto const kept = call.sample_axis(x, axis);  // axes of the sample before `axis`
  Shape flat(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(kept));
  flat.push_back(volume({file.begin() + static_cast<std::ptrdiff_t>(kept), file.end()}));
  Shape const stored = call.graph().stored_shape(x);
  // Over all axes of a sample the order of the elements does not matter.
  Value const ordered = kept == 0 ? x : call.plain(x);
  Shape const back = kept == 0 ? stored : file;
  Value value = call.add("flat", Reshape{flat}, {ordered}, false);
  value = call.add(Softmax{log}, {value}, false);
  return call.add("shape", Reshape{back}, {value}, ordered.channels_last);
}

}  // namespace

void batch_normalization(Call& call) {
  VALIDATE(call.integer("training_mode", 0) == 0 && (call.opset() >= 7 || call.integer("is_test", 0) != 0),
           call.where() << ": it is in training mode (a sample's output would depend on the others). Export the model "
                           "for inference.");
  VALIDATE(call.integer("spatial", 1) == 1, call.where()
                                                << ": spatial = 0 (only statistics per channel are supported).");
  Value x = call.activation(0, "input");
  if (call.graph().rank(x) == 4) x = call.image(x);
  Floats const &gamma = call.floats(1, "scale"), &beta = call.floats(2, "bias");
  Floats const &mean = call.floats(3, "mean"), &variance = call.floats(4, "variance");
  VALIDATE(beta.size() == gamma.size() && mean.size() == gamma.size() && variance.size() == gamma.size(),
           call.where() << ": its parameters have different lengths (one number per channel each). Check the file.");
  double const epsilon = call.real("epsilon", 1e-5F);
  Floats scale, shift;
  for (std::size_t i = 0; i < gamma.size(); ++i) {
    double const factor = gamma[i] / std::sqrt(variance[i] + epsilon);
    scale.push_back(static_cast<float>(factor));
    shift.push_back(static_cast<float>(beta[i] - factor * mean[i]));
  }
  auto const channels = static_cast<std::int64_t>(gamma.size());
  std::size_t const axis = call.stored_axis(x, 1);
  VALIDATE(channels == call.graph().stored_shape(x)[axis],
           call.where() << ": it has parameters for " << channels << " channels and an "
                        << "input of " << call.graph().stored_shape(x)[axis] << ".");
  ScaleShift op{call.weights({channels}, scale), call.weights({channels}, shift)};
  call.result(along(call, std::move(op), x, axis), Role::normalisation);
}

void lrn(Call& call) {
  Value const x = call.image(call.activation(0, "image"));
  Lrn op;
  op.size = call.integer("size", 0);
  VALIDATE(op.size > 0 && op.size < (1 << 16),
           call.where() << ": its window of " << op.size << " channels has no meaning. Check the file.");
  op.alpha = call.real("alpha", 1e-4F);
  op.beta = call.real("beta", 0.75F);
  op.bias = call.real("bias", 1);
  call.result(call.add(op, {x}, true), Role::layer);
}

void softmax(Call& call, bool log) {
  Value const x = call.activation(0, "input");
  std::int64_t const rank = call.graph().rank(x);
  bool const flattens = call.opset() < 13;
  std::int64_t const axis = call.axis(call.integer("axis", flattens ? 1 : -1), rank);
  std::size_t stored = call.stored_axis(x, axis);
  if (flattens) {
    VALIDATE(axis > x.batch_axis, call.where() << ": it works along axis " << x.batch_axis
                                               << " too, the batch (samples would be mixed). Export the model with "
                                                  "opset_version=13.");
    // One axis is enough where the others that are taken together have extent 1.
    Shape const file = call.graph().file_shape(x);
    auto const wide = [](std::int64_t extent) { return extent != 1; };
    auto const first = file.begin() + (axis - 1);  // the batch is before it
    if (std::count_if(first, file.end(), wide) > 1) {
      return call.result(flattened_softmax(call, x, axis, log), Role::layer);
    }
    auto const found = std::find_if(first, file.end(), wide);
    if (found != file.end()) stored = call.stored_axis(x, found - file.begin() + 1);
  }
  call.result(along(call, Softmax{log}, x, stored), Role::layer);
}

}  // namespace sonde::io::onnx_reader
