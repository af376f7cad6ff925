// The CPU backend for small models: the batch is innermost, 16 samples side by side, so that every inner loop is 16
// wide whatever the number of channels. A sample's bits depend neither on its slot, nor on the batch, nor on the other
// samples.
#pragma once

#include "backend/backend.hpp"
#include "backend/cpu/lanes/kernels.hpp"
#include "base/cpu_isa.hpp"

namespace sonde::backend {

class LanesBackend final : public Backend {
 public:
  /// Kernels for `isa`, which this processor must have.
  explicit LanesBackend(CpuIsa isa = usable_isa());

  std::string name() const override { return "cpu/lanes"; }

  /// ceil(batch / 16) * 16 samples.
  std::int64_t block() const override { return lanes::kLanes; }
  std::size_t tensor_size(Shape const& shape, std::int64_t batch) const override;
  void load(Queue& queue, float const* rows, Shape const& shape, std::int64_t batch, float* tensor) const override;
  void store(Queue& queue, float const* tensor, Shape const& shape, std::int64_t batch, float* rows) const override;

  bool supports(io::Op const& op, std::vector<Shape> const& inputs) const override;
  std::unique_ptr<Operator> plan(io::Op const& op, io::Activation const& fused, std::vector<Shape> const& inputs,
                                 Shape const& output, std::int64_t batch) const override;

  void unit_values(Queue& queue, float const* tensor, Shape const& shape, std::int64_t batch, UnitReduction reduction,
                   float* values) const override;
  void add_unit_gradient(Queue& queue, UnitPick const* picks, std::int32_t layer, Shape const& shape,
                         std::int64_t batch, float* gradient) const override;

 private:
  lanes::Kernels const& kernels_;
};

}  // namespace sonde::backend
