// Sums over rows from which measures are finalised; merging two of them is adding their numbers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "inspect/rows.hpp"

namespace sonde::inspect {

/// To which units or pairs the numbers of an array belong, and so how ranks reduce it.
enum class Extent {
  vector,  // per unit, per hypothesis, or any other that every rank needs whole: allreduce
  pair     // (U, width) by unit, U the outermost: reduce-scatter by tiles of units
};

/// One array of a statistic.
struct Sums {
  Extent extent = Extent::vector;
  std::int64_t width = 0;    // of a pair array: numbers per unit (H, or bins * H)
  std::span<double> values;  // vector: any size; pair: (U, width)
};

/// One worker's sums. Not thread safe; each thread has its own.
class Statistic {
 public:
  virtual ~Statistic() = default;

  /// Adds a block. Everything it needs is allocated the first time.
  virtual void update(Rows const& rows) = 0;
  /// Whether update() can do with unit values that are elsewhere (Rows::there).
  virtual bool takes_tables() const { return false; }

  /// The arrays in a fixed order, with sizes that depend on U, H and the options alone. To merge workers and ranks they
  /// are added element by element.
  virtual std::vector<Sums> sums() = 0;

  /// Keeps these hypotheses (ascending places among the present ones) and forgets the others.
  virtual void retain(std::span<std::int64_t const> hypotheses) = 0;
};

}  // namespace sonde::inspect
