#include "backend/cuda/device_backend.hpp"

#include <algorithm>
#include <limits>

#include "backend/cuda/device_queue.hpp"
#include "backend/cuda/device_rows.hpp"
#include "backend/cuda/device_unit_table.hpp"
#include "backend/cuda/kernels/launch.hpp"
#include "backend/cuda/kernels/units.hpp"
#include "backend/cuda/ops/ops.hpp"

namespace sonde::backend {
namespace {

using device_ops::OperatorPtr;
using device_ops::Site;

/// Conv2d and Dense are planned apart: only they take a fused activation.
struct Plan {
  Site const& site;
  std::vector<Shape> const& inputs;
  Shape const& output;

  OperatorPtr operator()(io::Input const&) const { return device_ops::make_copy(site, output); }
  OperatorPtr operator()(io::Reshape const&) const { return device_ops::make_copy(site, output); }
  OperatorPtr operator()(io::Conv2d const&) const { return nullptr; }
  OperatorPtr operator()(io::Dense const&) const { return nullptr; }
  OperatorPtr operator()(io::Pool const& op) const { return device_ops::make_pool(site, op, inputs[0], output); }
  OperatorPtr operator()(io::Activation const& op) const { return device_ops::make_activation(site, op, inputs[0]); }
  OperatorPtr operator()(io::ScaleShift const& op) const { return device_ops::make_scale_shift(site, op, inputs[0]); }
  OperatorPtr operator()(io::PRelu const& op) const { return device_ops::make_prelu(site, op, inputs[0]); }
  OperatorPtr operator()(io::Softmax const& op) const { return device_ops::make_softmax(site, op, inputs[0]); }
  OperatorPtr operator()(io::Lrn const& op) const { return device_ops::make_lrn(site, op, inputs[0]); }
  OperatorPtr operator()(io::Binary const& op) const { return device_ops::make_binary(site, op, inputs, output); }
  OperatorPtr operator()(io::Concat const& op) const { return device_ops::make_concat(site, op, inputs, output); }
  OperatorPtr operator()(io::Transpose const& op) const {
    return device_ops::make_transpose(site, op, inputs[0], output);
  }
  OperatorPtr operator()(io::Pad const& op) const { return device_ops::make_pad(site, op, inputs[0], output); }
  OperatorPtr operator()(io::ReduceMean const& op) const {
    return device_ops::make_reduce_mean(site, op, inputs[0], output);
  }
  OperatorPtr operator()(io::Embedding const& op) const {
    return device_ops::make_embedding(site, op, inputs[0], output);
  }
  OperatorPtr operator()(io::Recurrent const& op) const {
    return device_ops::make_recurrent(site, op, inputs[0], output);
  }
};

}  // namespace

std::unique_ptr<RowOps> DeviceBackend::make_row_ops() const { return std::make_unique<DeviceRowOps>(memory_); }

std::unique_ptr<UnitTable> DeviceBackend::make_unit_table() const {
  return std::make_unique<DeviceUnitTable>(make_queue(), memory_);
}

std::size_t DeviceBackend::tensor_size(Shape const& shape, std::int64_t batch) const {
  return static_cast<std::size_t>(volume(shape) * batch);
}

void DeviceBackend::load(Queue& queue, float const* rows, Shape const& shape, std::int64_t batch, float* tensor) const {
  device_queue(queue).copy(tensor, rows, tensor_size(shape, batch) * sizeof(float));
}

void DeviceBackend::store(Queue& queue, float const* tensor, Shape const& shape, std::int64_t batch,
                          float* rows) const {
  device_queue(queue).copy(rows, tensor, tensor_size(shape, batch) * sizeof(float));
}

void DeviceBackend::zero(Queue& queue, float* tensor, std::size_t size) const {
  device_queue(queue).clear(tensor, size * sizeof(float));
}

/// All ops, for samples whose elements an int can number.
bool DeviceBackend::supports(io::Op const& op, std::vector<Shape> const& inputs) const {
  auto const fits = [](Shape const& shape) { return volume(shape) <= std::numeric_limits<std::int32_t>::max(); };
  return std::ranges::all_of(inputs, fits) && fits(io::infer_shape(op, inputs, "layer"));
}

std::unique_ptr<Operator> DeviceBackend::plan(io::Op const& op, io::Activation const& fused,
                                              std::vector<Shape> const& inputs, Shape const& output,
                                              std::int64_t batch) const {
  Site const site{memory_, weights_, batch};
  if (auto const* conv = std::get_if<io::Conv2d>(&op))
    return device_ops::make_conv2d(site, *conv, fused, output, make_correlation(*conv, inputs[0], output, batch));
  if (auto const* dense = std::get_if<io::Dense>(&op))
    return device_ops::make_dense(site, *dense, fused, inputs[0], output);
  EXPECT(fused.function == io::Function::identity);
  return std::visit(Plan{site, inputs, output}, op);
}

std::unique_ptr<Correlation> DeviceBackend::make_correlation(io::Conv2d const& op, Shape const& in, Shape const& out,
                                                             std::int64_t batch) const {
  return make_kernel_correlation(op, in, out, batch, weights_);
}

void DeviceBackend::unit_values(Queue& queue, float const* tensor, Shape const& shape, std::int64_t batch,
                                UnitReduction reduction, float* values) const {
  std::int64_t const units = unit_count(shape), size = volume(shape);
  kernels::launch_rows(queue, size, kernels::UnitValues{reduction, batch, size / units, units, tensor, values});
}

void DeviceBackend::add_unit_gradient(Queue& queue, UnitPick const* picks, std::int32_t layer, Shape const& shape,
                                      std::int64_t batch, float* gradient) const {
  std::int64_t const units = unit_count(shape), positions = volume(shape) / units;
  kernels::launch(queue, batch * positions, kernels::AddUnitGradient{picks, layer, positions, units, gradient});
}

}  // namespace sonde::backend
