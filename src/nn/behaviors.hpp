// The values of chosen units, as rows of a table: DeepBase's "unit behaviours".
#pragma once

#include <string>
#include <vector>

#include "backend/unit_table.hpp"
#include "nn/runner.hpp"
#include "nn/unit_group.hpp"

namespace sonde::nn {

/// How the positions of a unit become values.
enum class Reduce {
  mean,
  max,
  scaled,  // DeepXplore's neuron value; NaN for a constant layer
  map      // all positions are kept
};

/// Where the chosen units stand in a row.
class Behaviors {
 public:
  /// `units` are texts of parse_units(). Throws InputError for unknown units, a unit named twice, and maps of unequal
  /// size. The network must outlive the object.
  Behaviors(Network const& network, std::vector<std::string> const& units, Reduce reduce);

  std::vector<UnitGroup> const& groups() const { return groups_; }
  /// For RunnerOptions::kept_nodes.
  std::vector<int> nodes() const;
  std::int64_t units() const { return units_; }
  /// Shape of one record's row: (units), or (height, width, units) of maps.
  Shape row_shape() const;
  /// Floats that values() needs as scratch.
  std::size_t scratch(std::int64_t batch) const;
  /// rows (count, row_shape) = values of the first `count` samples of the runner's last forward pass.
  void values(Runner& runner, std::int64_t batch, std::int64_t count, float* scratch, float* rows) const;
  /// The same rows into a table, from row `to_row` and column `to_column` on, without the host. A row of maps is as
  /// many rows of the table as it has positions.
  void put(Runner& runner, std::int64_t batch, std::int64_t count, backend::UnitTable& table, std::int64_t to_row,
           std::int64_t to_column) const;

 private:
  Shape const& node_shape(UnitGroup const& group) const;
  void add(UnitGroup const& group);
  void set_positions();

  Network const& network_;
  Reduce reduce_;
  std::vector<UnitGroup> groups_;
  std::int64_t units_ = 0;
  Shape positions_;  // before the units, of maps
};

}  // namespace sonde::nn
