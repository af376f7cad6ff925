// Counts over held-out rows, and the scores made of them.
#pragma once

#include <cstdint>
#include <vector>

#include "comm/communicator.hpp"
#include "inspect/probes/logistic_solver.hpp"
#include "inspect/state.hpp"

namespace sonde::inspect {

/// How often a classifier and its targets agreed, for every column.
class Confusion {
 public:
  explicit Confusion(std::int64_t columns) : counts_(static_cast<std::size_t>(4 * columns)) {}

  /// A row: its targets and the values that decide (1 when above 0).
  void add(std::uint8_t const* target, float const* decision);
  void add(Confusion const& other);
  /// counts (4, columns) as backend::UnitTable::count_decisions() has them.
  void add(std::vector<double> const& counts);
  /// Collective.
  void merge(comm::Communicator const& comm);

  /// Of all ranks; collective. Loaded on one rank.
  void save(StateWriter& state, std::string const& name) const { state.sum(name, counts_); }
  void load(StateReader const& state, std::string const& name) { counts_ = state.whole<double>(name, counts_.size()); }

  /// 2 tp / (2 tp + fp + fn); NaN when neither targets nor decisions are ever 1.
  double f1(std::int64_t column) const;
  double accuracy(std::int64_t column) const;
  /// The accuracy of the more frequent target given always.
  double majority(std::int64_t column) const;

 private:
  enum Row { true_0, false_0, false_1, true_1 };  // 2 * decision + target
  double of(Row row, std::int64_t column) const;

  std::vector<double> counts_;  // (4, columns)
};

}  // namespace sonde::inspect
