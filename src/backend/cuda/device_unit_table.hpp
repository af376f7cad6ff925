// A UnitTable in a device's memory. Its sums are matrix products of the queue, all else kernels.
#pragma once

#include <memory>

#include "backend/cuda/device_queue.hpp"
#include "backend/mirrored.hpp"
#include "backend/unit_table.hpp"

namespace sonde::backend {

class DeviceUnitTable final : public UnitTable {
 public:
  /// `queue` is the table's own.
  DeviceUnitTable(std::unique_ptr<Queue> queue, device::Memory& memory) : queue_(std::move(queue)), memory_(memory) {}

  void start(std::int64_t rows, std::int64_t units) override;
  void put(Queue& queue, TablePart const& part) override;
  std::optional<std::int64_t> find_not_finite() override;
  void keep(std::span<std::int32_t const> rows) override;
  void sum(UnitTerm term, std::span<double const> x_shift, std::span<double const> y_shift, float const* y,
           BlockSums& sums) override;
  void sum_residuals(LinearModels const& models, std::uint8_t const* target, ResidualSums& sums) override;
  void count_decisions(LinearModels const& models, std::uint8_t const* target, std::vector<double>& counts) override;
  std::size_t bytes() const override;

 private:
  /// Makes an array large enough; it holds nothing then.
  template <class Array>
  void grow(Array& array, std::int64_t size);
  std::int64_t rows() const { return kept_ < 0 ? rows_ : kept_; }
  std::int64_t slices() const;
  /// Sends models and targets; model_values_ are then the models' values without their intercepts, standard_ the units
  /// they are made of.
  void apply(LinearModels const& models, std::uint8_t const* target);
  void shift(float const* from, std::int32_t const* places, double const* by, UnitTerm term, std::int64_t columns,
             double* to, double* sums);

  std::unique_ptr<Queue> queue_;
  device::Memory& memory_;
  std::int64_t rows_ = 0, units_ = 0;
  std::int64_t kept_ = -1;                // how many of the rows; -1: all
  Buffer<float> values_;                  // (rows, units)
  Mirrored<std::int32_t> found_;          // (rows)
  Mirrored<std::int32_t> places_;         // (kept)
  Mirrored<float> y_;                     // (kept, H)
  Mirrored<double> shifts_;               // (U + H)
  Buffer<double> x_shifted_, y_shifted_;  // (kept, U), (kept, H)
  Buffer<double> slices_;                 // (slices, 2, U or H)
  Mirrored<double> sums_;                 // as BlockSums, one after the other; of models (2 or 4, C)
  Mirrored<double> scale_;                // (2, U) of models: mean, inverse
  Mirrored<float> models_;                // (U + 1, C): weights, intercepts
  Mirrored<std::uint8_t> target_;         // (kept, C)
  Buffer<float> standard_;                // (kept, U) of models
  Buffer<float> model_values_;            // (kept, C)
  Mirrored<float> gradient_;              // (U, C)
};

}  // namespace sonde::backend
