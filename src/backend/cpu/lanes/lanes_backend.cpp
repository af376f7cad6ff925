#include "backend/cpu/lanes/lanes_backend.hpp"

#include <algorithm>
#include <limits>

#include "backend/cpu/lanes/layout.hpp"
#include "backend/cpu/lanes/ops.hpp"

namespace sonde::backend {
namespace {

using lanes::kLanes;
using lanes::OperatorPtr;

struct Plan {
  io::Activation const& fused;
  std::vector<Shape> const& inputs;
  Shape const& output;
  std::int64_t batch;
  lanes::Kernels const& kernels;

  OperatorPtr operator()(io::Input const&) const { return lanes::make_copy(output, output, batch); }
  OperatorPtr operator()(io::Conv2d const& op) const {
    return lanes::make_convolution(op, fused, inputs[0], output, batch, kernels);
  }
  OperatorPtr operator()(io::Dense const& op) const { return lanes::make_dense(op, fused, inputs[0], batch, kernels); }
  OperatorPtr operator()(io::Pool const& op) const { return lanes::make_pool(op, inputs[0], output, batch, kernels); }
  OperatorPtr operator()(io::Activation const& op) const { return lanes::make_activation(op, inputs[0], batch); }
  OperatorPtr operator()(io::ScaleShift const& op) const { return lanes::make_scale_shift(op, inputs[0], batch); }
  OperatorPtr operator()(io::PRelu const& op) const { return lanes::make_prelu(op, inputs[0], batch); }
  OperatorPtr operator()(io::Softmax const& op) const { return lanes::make_softmax(op, inputs[0], batch); }
  OperatorPtr operator()(io::Lrn const& op) const { return lanes::make_lrn(op, inputs[0], batch); }
  OperatorPtr operator()(io::Binary const& op) const { return lanes::make_binary(op, inputs, output, batch); }
  OperatorPtr operator()(io::Concat const& op) const { return lanes::make_concat(op, inputs, output, batch); }
  OperatorPtr operator()(io::Reshape const&) const { return lanes::make_copy(inputs[0], output, batch); }
  OperatorPtr operator()(io::Transpose const& op) const { return lanes::make_transpose(op, inputs[0], output, batch); }
  OperatorPtr operator()(io::Pad const& op) const { return lanes::make_pad(op, inputs[0], output, batch); }
  OperatorPtr operator()(io::ReduceMean const& op) const {
    return lanes::make_reduce_mean(op, inputs[0], output, batch);
  }
  // Not supported: see supports().
  OperatorPtr operator()(io::Embedding const&) const { return nullptr; }
  OperatorPtr operator()(io::Recurrent const&) const { return nullptr; }
};

/// A number per lane.
struct Lanes {
  float at[kLanes] = {};
};

}  // namespace

LanesBackend::LanesBackend(CpuIsa isa) : kernels_(lanes::kernels(isa)) {}

std::size_t LanesBackend::tensor_size(Shape const& shape, std::int64_t batch) const {
  return static_cast<std::size_t>(lanes::block_count(batch) * lanes::block_size(shape));
}

void LanesBackend::load(Queue&, float const* rows, Shape const& shape, std::int64_t batch, float* tensor) const {
  lanes::rows_to_blocks(rows, volume(shape), batch, tensor);
}

void LanesBackend::store(Queue&, float const* tensor, Shape const& shape, std::int64_t batch, float* rows) const {
  lanes::blocks_to_rows(tensor, volume(shape), batch, rows);
}

/// Recurrent layers are matrix products of the whole batch, which oneDNN does.
bool LanesBackend::supports(io::Op const& op, std::vector<Shape> const&) const {
  return !std::holds_alternative<io::Embedding>(op) && !std::holds_alternative<io::Recurrent>(op);
}

std::unique_ptr<Operator> LanesBackend::plan(io::Op const& op, io::Activation const& fused,
                                             std::vector<Shape> const& inputs, Shape const& output,
                                             std::int64_t batch) const {
  return std::visit(Plan{fused, inputs, output, batch, kernels_}, op);
}

void LanesBackend::unit_values(Queue&, float const* tensor, Shape const& shape, std::int64_t batch,
                               UnitReduction reduction, float* values) const {
  std::int64_t const units = unit_count(shape);
  std::int64_t const positions = volume(shape) / units;
  auto const count = static_cast<float>(positions);
  for (std::int64_t block = 0; block < batch; block += kLanes, tensor += positions * units * kLanes) {
    Lanes low, high, result;
    if (reduction == UnitReduction::scaled_mean) kernels_.range(tensor, positions * units, 1, low.at, high.at);
    std::int64_t const live = std::min<std::int64_t>(batch - block, kLanes);
    for (std::int64_t unit = 0; unit < units; ++unit) {
      float const* const first = tensor + unit * kLanes;
      if (reduction == UnitReduction::maximum) {
        kernels_.range(first, positions, units, low.at, result.at);
      } else {
        kernels_.sum(first, positions, units, low.at, result.at);
      }
      for (std::int64_t i = 0; i < live; ++i) {
        float& value = values[(block + i) * units + unit];
        value = reduction == UnitReduction::maximum ? result.at[i] : result.at[i] / count;
        if (reduction == UnitReduction::scaled_mean)
          value /= high.at[i] - low.at[i];  // 0 / 0 when the layer is constant
      }
    }
  }
}

void LanesBackend::add_unit_gradient(Queue&, UnitPick const* picks, std::int32_t layer, Shape const& shape,
                                     std::int64_t batch, float* gradient) const {
  std::int64_t const units = unit_count(shape);
  std::int64_t const positions = volume(shape) / units;
  for (std::int64_t n = 0; n < batch; ++n) {
    if (picks[n].layer != layer) continue;
    float const share = picks[n].weight / static_cast<float>(positions);
    float* const first = gradient + n / kLanes * positions * units * kLanes + n % kLanes;
    for (std::int64_t p = 0; p < positions; ++p) first[(p * units + picks[n].unit) * kLanes] += share;
  }
}

}  // namespace sonde::backend
