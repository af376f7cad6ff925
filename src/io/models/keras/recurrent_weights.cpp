#include "io/models/keras/recurrent_weights.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace sonde::io::keras {
namespace {

/// cuDNN stores each gate's matrix transposed. Keras keeps those numbers, in that order, in an array of the plain
/// shape: gate g of it, read row by row, is (units, rows).
Weights from_cudnn(Weights const& stored, std::int64_t units) {
  std::int64_t const rows = stored->shape[0], columns = stored->shape[1];
  auto plain = std::make_shared<Tensor>(stored->shape);
  for (std::int64_t first = 0; first < columns; first += units) {
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t u = 0; u < units; ++u) {
        std::int64_t const at = u * rows + i;  // in the gate's matrix read row by row
        plain->data[i * columns + first + u] = stored->data[at / units * columns + first + at % units];
      }
    }
  }
  return plain;
}

/// Keras 1 wrote kernel, recurrent kernel and bias of each gate one after the other.
RecurrentWeights from_gates(Layer& layer, RecurrentShape const& shape, std::size_t first) {
  static constexpr std::int64_t lstm_order[]{0, 2, 1, 3};  // i c f o
  std::int64_t const units = shape.units, columns = shape.gates() * units;
  auto kernel = std::make_shared<Tensor>(Shape{shape.inputs, columns});
  auto recurrent = std::make_shared<Tensor>(Shape{units, columns});
  auto bias = std::make_shared<Tensor>(Shape{columns});
  auto const copy = [&](Weights const& part, std::int64_t gate, Tensor& all) {
    std::int64_t const rows = volume(part->shape) / units;
    for (std::int64_t i = 0; i < rows; ++i) {
      std::copy_n(part->data.data() + i * units, units, all.data.data() + i * columns + gate * units);
    }
  };
  for (std::int64_t g = 0; g < shape.gates(); ++g) {
    std::int64_t const gate = shape.kind == RecurrentKind::lstm ? lstm_order[g] : g;
    std::size_t const at = first + 3 * static_cast<std::size_t>(g);
    copy(layer.weight(at, "kernel of a gate", {shape.inputs, units}), gate, *kernel);
    copy(layer.weight(at + 1, "recurrent kernel of a gate", {units, units}), gate, *recurrent);
    copy(layer.weight(at + 2, "bias of a gate", {units}), gate, *bias);
  }
  return {std::move(kernel), std::move(recurrent), std::move(bias), nullptr, false};
}

/// Bias of the input and of the recurrent product, (2, gates units): they only differ where a GRU resets the product.
void split_bias(Weights const& both, RecurrentShape const& shape, RecurrentWeights& weights) {
  std::int64_t const columns = shape.gates() * shape.units;
  std::int64_t const summed = shape.kind == RecurrentKind::gru ? 2 * shape.units : columns;
  auto bias = std::make_shared<Tensor>(Shape{columns});
  for (std::int64_t k = 0; k < columns; ++k) bias->data[k] = both->data[k] + (k < summed ? both->data[columns + k] : 0);
  weights.bias = std::move(bias);
  if (summed == columns) return;
  auto inner = std::make_shared<Tensor>(Shape{shape.units});
  std::copy_n(both->data.data() + columns + summed, shape.units, inner->data.data());
  weights.inner_bias = std::move(inner);
}

}  // namespace

RecurrentWeights read_recurrent_weights(Layer& layer, RecurrentShape const& shape, std::size_t first,
                                        std::size_t count) {
  std::int64_t const columns = shape.gates() * shape.units;
  bool const by_gate = shape.gates() > 1 && count == 3 * static_cast<std::size_t>(shape.gates());
  if (by_gate) return from_gates(layer, shape, first);
  RecurrentWeights weights;
  weights.kernel = layer.weight(first, "kernel", {shape.inputs, columns});
  weights.recurrent = layer.weight(first + 1, "recurrent kernel", {shape.units, columns});
  Shape const stored = shape.use_bias ? layer.weight_shape(first + 2) : Shape{};
  bool const cudnn = shape.cudnn || (shape.gates() > 1 && stored == Shape{2 * columns});
  bool const twice = cudnn || stored == Shape{2, columns};
  weights.reset_after = shape.kind == RecurrentKind::gru && (shape.reset_after || twice);
  if (cudnn) {
    weights.kernel = from_cudnn(weights.kernel, shape.units);
    weights.recurrent = from_cudnn(weights.recurrent, shape.units);
  }
  if (!shape.use_bias) return weights;
  if (!twice) {
    weights.bias = layer.weight(first + 2, "bias", {columns});
  } else {
    Shape const expected = cudnn ? Shape{2 * columns} : Shape{2, columns};
    split_bias(layer.weight(first + 2, "bias", expected), shape, weights);
  }
  return weights;
}

}  // namespace sonde::io::keras
