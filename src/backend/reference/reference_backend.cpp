#include "backend/reference/reference_backend.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "backend/reference/ops.hpp"

namespace sonde::backend {
namespace {

using reference::OperatorPtr;

struct Plan {
  std::vector<Shape> const& inputs;
  Shape const& output;
  std::int64_t batch;

  OperatorPtr operator()(io::Input const&) const { return reference::make_copy(output, batch); }
  OperatorPtr operator()(io::Conv2d const& op) const { return reference::make_conv2d(op, inputs[0], output, batch); }
  OperatorPtr operator()(io::Dense const& op) const { return reference::make_dense(op, inputs[0], output, batch); }
  OperatorPtr operator()(io::Pool const& op) const { return reference::make_pool(op, inputs[0], output, batch); }
  OperatorPtr operator()(io::Activation const& op) const { return reference::make_activation(op, inputs[0], batch); }
  OperatorPtr operator()(io::ScaleShift const& op) const { return reference::make_scale_shift(op, inputs[0], batch); }
  OperatorPtr operator()(io::PRelu const& op) const { return reference::make_prelu(op, inputs[0], batch); }
  OperatorPtr operator()(io::Softmax const& op) const { return reference::make_softmax(op, inputs[0], batch); }
  OperatorPtr operator()(io::Lrn const& op) const { return reference::make_lrn(op, inputs[0], batch); }
  OperatorPtr operator()(io::Binary const& op) const { return reference::make_binary(op, inputs, output, batch); }
  OperatorPtr operator()(io::Concat const& op) const { return reference::make_concat(op, inputs, output, batch); }
  OperatorPtr operator()(io::Reshape const&) const { return reference::make_copy(output, batch); }
  OperatorPtr operator()(io::Transpose const& op) const {
    return reference::make_transpose(op, inputs[0], output, batch);
  }
  OperatorPtr operator()(io::Pad const& op) const { return reference::make_pad(op, inputs[0], output, batch); }
  OperatorPtr operator()(io::ReduceMean const& op) const {
    return reference::make_reduce_mean(op, inputs[0], output, batch);
  }
  OperatorPtr operator()(io::Embedding const& op) const {
    return reference::make_embedding(op, inputs[0], output, batch);
  }
  OperatorPtr operator()(io::Recurrent const& op) const {
    return reference::make_recurrent(op, inputs[0], output, batch);
  }
};

/// A sample as rows of units: (positions, units), row-major.
struct Layer {
  explicit Layer(Shape const& shape) : units(unit_count(shape)), positions(volume(shape) / units) {}
  std::int64_t units, positions;
};

/// What is subtracted from a unit's mean, and what it is then divided by.
struct Scaling {
  double low = 0, range = 1;
};

Scaling scaling(float const* sample, std::int64_t size) {
  auto const [low, high] = std::minmax_element(sample, sample + size);
  if (*low == *high) return {0, std::numeric_limits<double>::quiet_NaN()};
  return {double{*low}, double{*high} - *low};
}

double mean(float const* unit, Layer const& layer) {
  double sum = 0;
  for (std::int64_t p = 0; p < layer.positions; ++p) sum += unit[p * layer.units];
  return sum / static_cast<double>(layer.positions);
}

float largest(float const* unit, Layer const& layer) {
  float result = unit[0];
  for (std::int64_t p = 1; p < layer.positions; ++p) result = std::max(result, unit[p * layer.units]);
  return result;
}

}  // namespace

std::size_t ReferenceBackend::tensor_size(Shape const& shape, std::int64_t batch) const {
  return static_cast<std::size_t>(volume(shape) * batch);
}

void ReferenceBackend::load(Queue&, float const* rows, Shape const& shape, std::int64_t batch, float* tensor) const {
  std::copy_n(rows, volume(shape) * batch, tensor);
}

void ReferenceBackend::store(Queue&, float const* tensor, Shape const& shape, std::int64_t batch, float* rows) const {
  std::copy_n(tensor, volume(shape) * batch, rows);
}

bool ReferenceBackend::supports(io::Op const&, std::vector<Shape> const&) const { return true; }

std::unique_ptr<Operator> ReferenceBackend::plan(io::Op const& op, io::Activation const& fused,
                                                 std::vector<Shape> const& inputs, Shape const& output,
                                                 std::int64_t batch) const {
  OperatorPtr planned = std::visit(Plan{inputs, output, batch}, op);
  if (fused.function == io::Function::identity) return planned;
  return reference::make_fused(std::move(planned), fused, output, batch);
}

void ReferenceBackend::unit_values(Queue&, float const* tensor, Shape const& shape, std::int64_t batch,
                                   UnitReduction reduction, float* values) const {
  Layer const layer(shape);
  std::int64_t const size = layer.positions * layer.units;
  for (std::int64_t n = 0; n < batch; ++n) {
    float const* const sample = tensor + n * size;
    Scaling const scale = reduction == UnitReduction::scaled_mean ? scaling(sample, size) : Scaling{};
    for (std::int64_t unit = 0; unit < layer.units; ++unit) {
      double const value =
          reduction == UnitReduction::maximum ? double{largest(sample + unit, layer)} : mean(sample + unit, layer);
      values[n * layer.units + unit] = static_cast<float>((value - scale.low) / scale.range);
    }
  }
}

void ReferenceBackend::add_unit_gradient(Queue&, UnitPick const* picks, std::int32_t layer_index, Shape const& shape,
                                         std::int64_t batch, float* gradient) const {
  Layer const layer(shape);
  for (std::int64_t n = 0; n < batch; ++n) {
    if (picks[n].layer != layer_index) continue;
    float const share = picks[n].weight / static_cast<float>(layer.positions);
    float* const unit = gradient + n * layer.positions * layer.units + picks[n].unit;
    for (std::int64_t p = 0; p < layer.positions; ++p) unit[p * layer.units] += share;
  }
}

}  // namespace sonde::backend
