// What needs all rows before the counting pass: mid-ranks and quantiles of units and hypotheses, the values that start
// the top sets, and which hypotheses are categories.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "comm/communicator.hpp"
#include "inspect/rows.hpp"
#include "inspect/state.hpp"
#include "inspect/statistics/column_order.hpp"

namespace sonde::inspect {

struct OrderOptions {
  std::int64_t units = 0, hypotheses = 0;  // U, H
  std::int64_t total_rows = 0;             // of the whole data
  std::size_t memory = 0;                  // bytes for the values of all rows; when they are more, ranks are binned
  double top = 0;                          // the largest top set asked for, as a share of all rows
};

/// Life: one per worker, made from the same pilot; update() with all rows; the workers of a rank add() into one, that
/// is merge()d with those of the other ranks and finish()ed; from then on it is read only and shared.
///
/// While the values of all rows fit the memory, ranks and quantiles are exact. Otherwise values are counted in bins
/// whose edges are quantiles of the pilot, and rank_error() says how far a rank may be off; top sets stay exact.
class Order {
 public:
  /// `pilot`: rows (all hypotheses) for the edges of bins, the same on all ranks. Looked at only when binned.
  Order(OrderOptions const& options, Rows const& pilot);

  /// Nothing seen yet, with the bins of an object that was saved.
  Order(OrderOptions const& options, StateReader const& state);

  static bool fits(OrderOptions const& options);
  bool exact() const { return exact_; }

  /// Rows with all hypotheses.
  void update(Rows const& rows);
  /// Adds what another worker has seen.
  void add(Order const& worker);
  /// Forgets what it has seen.
  void clear();
  /// Adds what all ranks have seen, on every rank. Collective.
  void merge(comm::Communicator const& comm);
  void finish();

  /// What all ranks have seen, before and after finish(). Collective.
  void save(StateWriter& state);
  /// Adds this rank's share of it. Before merge(). Not collective.
  void load(StateReader const& state, comm::Communicator const& comm);

  // After finish(). `hypothesis` is a place among the hypotheses at the start.
  ColumnOrder const& unit(std::int64_t u) const { return units_[static_cast<std::size_t>(u)]; }
  ColumnOrder const& hypothesis(std::int64_t h) const { return hypotheses_[static_cast<std::size_t>(h)]; }

  /// The different values of a hypothesis, ascending, when there are at most ColumnClasses::most; otherwise empty.
  std::span<float const> classes(std::int64_t h) const { return classes_[static_cast<std::size_t>(h)].values(); }

  /// The ceil(top * rows)-th largest value of a unit, exactly; `top` at most that of the options.
  float top_value(std::int64_t u, double top) const;

  /// The most by which a mid-rank of a unit may be off, as a share of the rows; 0 when exact.
  double rank_error() const;

 private:
  std::vector<ColumnOrder*> columns();  // units, then hypotheses

  OrderOptions options_;
  bool exact_, finished_ = false;
  std::vector<ColumnOrder> units_;       // (U)
  std::vector<ColumnOrder> hypotheses_;  // (H)
  std::vector<ColumnClasses> classes_;   // (H)
  std::vector<TopValues> tops_;          // (U)
};

/// ceil(share * rows) (a share times rows that is whole but for rounding counts as whole), at least 1 and at most rows:
/// the size of a top set (0 for no rows).
std::int64_t top_count(double share, std::int64_t rows);

}  // namespace sonde::inspect
