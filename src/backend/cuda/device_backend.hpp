// A backend whose arrays lie in a device's memory and whose ops are kernels, matrix products and correlations: all of
// the CUDA backend that does not name CUDA. The tests run it on the host, where kernels are loops.
//
// Tensors are row-major as rows are: images (N, H, W, C), so that a unit's values lie `units` apart.
#pragma once

#include "backend/backend.hpp"
#include "backend/cuda/correlation.hpp"
#include "backend/cuda/device_arrays.hpp"

namespace sonde::backend {

class DeviceBackend : public Backend {
 public:
  explicit DeviceBackend(device::Memory& memory) : memory_(memory), weights_(memory) {}

  device::Memory& memory() const override { return memory_; }
  std::unique_ptr<RowOps> make_row_ops() const override;
  std::unique_ptr<UnitTable> make_unit_table() const override;

  std::size_t tensor_size(Shape const& shape, std::int64_t batch) const override;
  void load(Queue& queue, float const* rows, Shape const& shape, std::int64_t batch, float* tensor) const override;
  void store(Queue& queue, float const* tensor, Shape const& shape, std::int64_t batch, float* rows) const override;
  void zero(Queue& queue, float* tensor, std::size_t size) const override;

  bool supports(io::Op const& op, std::vector<Shape> const& inputs) const override;
  std::unique_ptr<Operator> plan(io::Op const& op, io::Activation const& fused, std::vector<Shape> const& inputs,
                                 Shape const& output, std::int64_t batch) const override;

  void unit_values(Queue& queue, float const* tensor, Shape const& shape, std::int64_t batch, UnitReduction reduction,
                   float* values) const override;
  void add_unit_gradient(Queue& queue, UnitPick const* picks, std::int32_t layer, Shape const& shape,
                         std::int64_t batch, float* gradient) const override;

 protected:
  virtual std::unique_ptr<Correlation> make_correlation(io::Conv2d const& op, Shape const& in, Shape const& out,
                                                        std::int64_t batch) const;
  WeightStore& weights() const { return weights_; }

 private:
  device::Memory& memory_;
  mutable WeightStore weights_;
};

}  // namespace sonde::backend
