// Unit values of a block of rows that stay in the memory of a backend, where they are summed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "backend/queue.hpp"

namespace sonde::backend {

/// What of a unit's value less its shift is summed.
enum class UnitTerm { value, square };

/// Sums over the rows of a block, in double precision, of terms x of units and of hypothesis values y less their
/// shifts.
struct BlockSums {
  std::vector<double> x, y;  // (2, U), (2, H): sums, sums of squares
  std::vector<double> xy;    // (U, H): sums of products
};

/// Linear models of units that are standardised first, one a column: the sum of (x - mean) * inverse * weight, plus the
/// intercept.
struct LinearModels {
  std::int64_t first = 0;                    // of the table's units
  std::span<double const> mean, inverse;     // (U)
  std::span<float const> weight, intercept;  // (U, C), (C)
};

/// Sums over the rows of a block of residuals r = p - target, with p the logistic function of a model's value; 0 in
/// rows without a target.
struct ResidualSums {
  std::vector<float> gradient;              // (U, C): sums of standardised units times r
  std::vector<double> residual, curvature;  // (C): sums of r, of |r| (1 - |r|) = p (1 - p)
};

/// Columns of a table that come from one array.
struct TablePart {
  float const* from = nullptr;          // (rows, width) in the backend's memory
  std::int64_t rows = 0, width = 0;     // of it
  std::int64_t first = 0, columns = 0;  // the columns of it that are taken
  std::int64_t to_row = 0, to_column = 0;
};

/// One worker's; for one thread at a time.
class UnitTable {
 public:
  virtual ~UnitTable() = default;

  /// From now on `rows` of `units`, to be put. Allocates when it never was so large; throws Error where there is no
  /// room.
  virtual void start(std::int64_t rows, std::int64_t units) = 0;
  /// Enqueued on `queue`, on which `part.from` is written.
  virtual void put(Queue& queue, TablePart const& part) = 0;
  /// The place, row * units + unit, of the first value that is not finite.
  virtual std::optional<std::int64_t> find_not_finite() = 0;
  /// Of the rows that were put only these (ascending) are summed.
  virtual void keep(std::span<std::int32_t const> rows) = 0;
  /// Over the rows kept, all unless keep() was called since start(). x_shift (U), y_shift (H), both of the host as
  /// y (rows kept, H) and `sums` are.
  virtual void sum(UnitTerm term, std::span<double const> x_shift, std::span<double const> y_shift, float const* y,
                   BlockSums& sums) = 0;
  /// Over the rows that sum() takes. target (rows kept, C): 0, 1, or more for none; of the host.
  virtual void sum_residuals(LinearModels const& models, std::uint8_t const* target, ResidualSums& sums) = 0;
  /// counts (4, C) = rows of target 0 and then 1 that a model decides for 0, then those it decides for 1: of a value
  /// above 0.
  virtual void count_decisions(LinearModels const& models, std::uint8_t const* target, std::vector<double>& counts) = 0;

  virtual std::size_t bytes() const = 0;
};

}  // namespace sonde::backend
