// The specification of every op: plain loops, row-major tensors (N, sample shape), images (H, W, C).
#pragma once

#include "backend/backend.hpp"

namespace sonde::backend {

class ReferenceBackend : public Backend {
 public:
  std::string name() const override { return "reference"; }

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
};

}  // namespace sonde::backend
