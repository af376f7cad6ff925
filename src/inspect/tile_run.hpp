// The independent measures of some hypotheses: sums over blocks, looks, retirement of converged columns.
#pragma once

#include <memory>
#include <vector>

#include "inspect/block_reader.hpp"
#include "inspect/run.hpp"
#include "inspect/state.hpp"

namespace sonde::inspect {

/// Means of the rows of a block.
Pilot pilot_of(Rows const& rows);

/// In a checkpoint: for so many columns.
void save_pilot(StateWriter& state, Pilot const& pilot);
Pilot saved_pilot(StateReader const& state, std::size_t units, std::size_t columns);

/// What has been read when the scores are looked at.
struct Look {
  int number = 1;  // of the look, from 1
  std::int64_t blocks = 0, rows = 0, total_rows = 0;
};

/// Adds up one tile of hypotheses. Workers call update() with rows of the active columns; everything else is collective
/// and called by one thread.
class TileRun {
 public:
  /// `columns` (ascending) are places among all hypotheses; `pilot`: of those columns, the same on all ranks; `order`:
  /// of the order pass, or null. Settled scores go to `results`, one per measure, with room for all hypotheses.
  TileRun(Config const& config, MeasureSet const& measures, std::vector<std::int64_t> columns, Pilot pilot,
          std::shared_ptr<Order const> order, comm::Communicator const& comm, std::vector<MeasureResult>& results);

  /// Columns whose scores are not settled, as places among all hypotheses, ascending.
  std::vector<std::int64_t> const& active() const { return active_; }

  void update(int worker, Rows const& rows);
  /// Whether update() can do with unit values that are elsewhere.
  bool takes_tables() const { return workers_.front().takes_tables(); }

  /// Settles the columns of which every score is known to epsilon; `facts`: of all ranks. Returns the half-width of the
  /// least certain score among the others, 0 when none is left.
  double look(Look const& look, ColumnFacts const& facts);

  /// Collective.
  void save(StateWriter& state);
  /// Instead of all update()s and look()s so far; for an object made with saved_pilot(). Not collective.
  void load(StateReader const& state);

  /// Settles all that is left. `complete`: every row has been read.
  void finish(std::int64_t rows, bool complete);

 private:
  Statistics reduced();
  /// Copies the scores of active columns at `places` (among the active) into the results.
  void settle(std::vector<Scores> const& scores, std::vector<std::int64_t> const& places, std::int64_t rows,
              bool converged);
  void retain(std::vector<std::int64_t> const& places);

  Config const& config_;
  MeasureSet const& measures_;
  comm::Communicator const& comm_;
  Pilot pilot_;
  std::shared_ptr<Order const> order_;
  std::vector<std::int64_t> columns_, active_;
  std::vector<std::int64_t> kept_;  // active columns as places among columns_
  std::vector<Statistics> workers_;
  std::vector<MeasureResult>& results_;
  std::int64_t units_;
  comm::Block tile_;  // units whose pairs this rank finalises
};

}  // namespace sonde::inspect
