// The pass over the records that adds up sums and trains probes.
#pragma once

#include <vector>

#include "inspect/pass_context.hpp"
#include "inspect/probe_groups.hpp"
#include "inspect/tile_run.hpp"

namespace sonde::inspect {

/// One pass over the records for the hypotheses of a tile: rounds of blocks between which probes step, scores are
/// looked at, failures of other ranks are heard of, and the run may stop.
class CountingPass {
 public:
  /// `columns`: places among all hypotheses. `order` of the order pass, or null; it is part of a checkpoint.
  CountingPass(PassContext& context, MeasureSet const& measures, std::vector<std::int64_t> columns,
               std::vector<GroupProbe>& probes, TileRun& sums, std::shared_ptr<Order> order);

  /// False: the run is to stop. Collective.
  bool run();

  /// Goes on from a checkpoint. Not collective.
  void load(StateReader const& state);

  /// Every score is known to epsilon.
  bool settled() const { return settled_; }
  /// Of what all ranks have read. Collective.
  ColumnFacts facts() const;
  std::int64_t rows() const { return sum(&Worker::rows); }
  std::int64_t records() const { return sum(&Worker::records); }

 private:
  /// First all training records, once; then further epochs of the probes over those that were read; their solution;
  /// the held-out records.
  enum Step : std::int64_t { train, repeat, solve, test };
  struct Worker {
    explicit Worker(std::int64_t columns) : facts(columns) {}
    ColumnFacts facts;
    std::int64_t rows = 0, records = 0;
    std::vector<float> hypotheses, units;  // buffers of narrowed()
  };

  std::int64_t sum(std::int64_t Worker::*count) const;
  bool read_to(std::int64_t limit);
  bool finish_round();
  void end_round();
  void look();
  bool train_again();
  bool solve_probes();
  bool go_on();
  void save(StateWriter& state);

  PassContext& context_;
  MeasureSet const& measures_;
  std::vector<std::int64_t> columns_;
  std::vector<GroupProbe>& probes_;
  TileRun& sums_;
  std::shared_ptr<Order> order_;
  std::vector<Worker> workers_;
  Step step_ = train;
  Reading reading_;
  std::int64_t end_;                     // of the blocks that are read
  std::int64_t trained_ = 0;             // blocks that probes learn from; after `train`
  std::int64_t epoch_ = 0, solved_ = 0;  // probes
  std::int64_t next_look_, looks_ = 0;
  bool settled_ = false;
};

}  // namespace sonde::inspect
