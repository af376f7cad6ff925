// The whole inspection: blocks over ranks and threads, sums reduced by tiles of units, probes, early stopping.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/stop_request.hpp"
#include "comm/communicator.hpp"
#include "comm/partition.hpp"
#include "inspect/column_facts.hpp"
#include "inspect/hypothesis_set.hpp"
#include "inspect/measures/measure.hpp"
#include "inspect/probes/joint_probe.hpp"
#include "inspect/scan_order.hpp"
#include "inspect/state.hpp"
#include "inspect/unit_source.hpp"

namespace sonde::inspect {

struct GroupProbe;
struct PassContext;

/// Which units a joint probe may use together.
enum class Grouping { all, model, layer };

struct Config {
  std::vector<std::string> measures;  // texts of measures and probes
  double epsilon = 0;                 // stop when every score is known to this; 0: read everything
  double confidence = 0.95;
  ScanOrderOptions order;
  std::size_t memory = std::size_t{1} << 30;  // bytes a rank may hold
  int threads = 1;
  bool control = true;  // train probes on random labels, too
  Grouping grouping = Grouping::model;
};

/// Scores of one measure for this rank's tile of units and all hypotheses.
struct MeasureResult {
  std::string name, definition, units, description;  // `definition`: as the user gave it
  double none = 0;                                   // the score of a pair without affinity
  bool has_error = false, has_p_value = false;
  Scores scores;                        // (tile units, H)
  std::vector<std::int64_t> rows;       // (H) rows that entered
  std::vector<std::uint8_t> converged;  // (H) 1: all rows entered, or every score is known to epsilon
};

/// A probe over consecutive units. A second probe of one name is called NAME-2.
struct ProbeResult {
  std::size_t probe = 0;  // which of the run's probes
  std::string name, definition, description, group;
  comm::Block units;
  ProbeScores scores;
};

struct Result {
  comm::Block tile;  // units whose scores this rank holds
  std::vector<MeasureResult> measures;
  std::vector<ProbeResult> probes;
  ColumnFacts columns{0};
  std::int64_t rows = 0, total_rows = 0;  // read; of the data
  std::int64_t records = 0;               // read
  double rank_error = 0;  // the most by which a rank of the order pass may be off, as a share of the rows; 0: exact
  bool stopped_early = false;
  StopReason stopped_by = StopReason::none;  // else the result is not whole, but can be gone on with
};

/// State while it runs.
struct Status {
  std::int64_t records = 0;    // read by all ranks in all passes, about
  std::int64_t converged = 0;  // columns
  double widest = -1;          // half-width of the least certain score; -1 before the first look
  std::int64_t looks = 0;      // of this pass
  std::string note;            // what is being done, when that is not reading
};

/// What a run tells and asks on every rank.
struct RunHooks {
  std::function<void(Status const&)> progress = [](Status const&) {};  // at most a few times for each block
  std::function<StopReason()> stop = stop_reason;                      // why the run should stop; any thread
  double save_every = 0;                                               // seconds; 0: only when the run is stopped
  std::function<void(StateWriter&)> save = [](StateWriter&) {};        // writes a checkpoint; collective
};

class Inspection {
 public:
  /// Throws InputError for measures that are unknown, and when `memory` does not hold what one block needs. All
  /// arguments must outlive the object. Collective.
  Inspection(Config const& config, UnitSource& units, HypothesisSet const& hypotheses, DataFacts const& facts,
             comm::Communicator const& comm);

  /// Whether all records are read once before, for ranks and quantiles.
  bool order_pass() const;
  /// The records are read once for each: the sums of so many hypotheses fit the memory.
  std::int64_t tiles() const { return (hypotheses_.size() + tile_columns_ - 1) / tile_columns_; }
  /// Bytes of sums and blocks in each rank, without activations and kept rows.
  std::size_t bytes() const;
  ScanOrder const& order() const { return order_; }
  std::int64_t total_rows() const { return total_rows_; }

  /// Goes on from a checkpoint, which run() reads: it must outlive that. Not collective; throws InputError.
  void resume(StateReader const& state);

  /// Collective.
  Result run(RunHooks const& hooks);

 private:
  MeasureContext context(std::int64_t columns) const;
  std::size_t sums_bytes(std::int64_t columns) const;
  std::size_t block_bytes() const;
  void choose_tile();
  void count_rows();
  std::vector<GroupProbe> make_probes() const;
  Result empty_result() const;
  bool run_turn(std::int64_t turn, PassContext& context, std::vector<GroupProbe>& probes, Result& result);
  void save(StateWriter& state, std::int64_t turn, std::vector<GroupProbe> const& probes, Result const& result) const;
  void load(std::vector<GroupProbe>& probes, Result& result);

  Config const& config_;
  UnitSource& units_;
  HypothesisSet const& hypotheses_;
  DataFacts const& facts_;
  comm::Communicator const& comm_;
  ScanOrder order_;
  std::vector<std::string> measures_, probes_;  // texts
  std::int64_t total_rows_ = 0, training_rows_ = 0;
  std::int64_t tile_columns_ = 0;  // hypotheses whose sums are held at once
  Status status_;
  StateReader const* from_ = nullptr;  // a checkpoint, until its pass has been taken up
};

}  // namespace sonde::inspect
