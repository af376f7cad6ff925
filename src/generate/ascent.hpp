// Gradient ascent on the joint objective: DeepXplore Algorithm 1, a block of samples at a time.
//
// What comes out for a micro-batch is a function of the micro-batch and of the coverage at the start of the round
// alone: not of the rank, the thread, the time or the other micro-batches. Where a sample's bits depend on nothing but
// the sample (Setup::independent), samples of all micro-batches a worker takes are computed together, so that blocks
// stay full; elsewhere a micro-batch is worked on by itself.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "generate/finding_log.hpp"

namespace sonde::generate {

/// Part of a round, handed out as a whole.
struct MicroBatch {
  std::uint32_t pass = 0;
  std::vector<std::int64_t> seeds;  // data set indices, at most --batch of them
};

/// Units of a model, as layer and unit of it.
struct UnitNames {
  std::vector<std::int32_t> layers, units;
};

/// Units a neuron may be picked from, per model: those uncovered at the start of the round, or all when none is left.
using Candidates = std::vector<UnitNames>;
Candidates uncovered_units(Setup const& setup, CoverageState const& state);

/// One thread's worker. Everything the loop needs is allocated when it is made.
class Ascent {
 public:
  /// The next micro-batch to work on, which must outlive the run; null when there is none.
  using Feed = std::function<MicroBatch const*()>;
  /// Called once per pass of a block; false: stop here.
  using EachPass = std::function<bool()>;

  explicit Ascent(Setup const& setup);

  /// Works on every seed of every micro-batch and appends to `outcome`. Returns false when it was stopped: seeds
  /// without a record are to be worked on again then, and `valid` is not settled for the findings of their
  /// micro-batches.
  bool run(Feed const& feed, Candidates const& candidates, EachPass const& each_pass, Outcome& outcome);
  /// One micro-batch.
  bool run(MicroBatch const& batch, Candidates const& candidates, EachPass const& each_pass, Outcome& outcome);

  /// For each_pass: how many findings of the run's `outcome`, from the first, will not change any more.
  std::size_t settled(Outcome const& outcome) const { return log_.settled(outcome); }

  /// Bytes of activations and gradients.
  std::size_t bytes() const { return models_.bytes() + record_models_.bytes(); }

 private:
  static constexpr std::size_t none = ~std::size_t{0};  // a row whose sample has ended

  bool choose_block(Feed const& feed, Outcome& outcome);
  bool admit(Feed const& feed);
  void take(std::vector<std::size_t>& queue);

  void take_candidates(Candidates const& candidates);
  void load_block();
  void load_rows();
  void check_block(Outcome& outcome);
  bool is_exact(Sample const& sample) const;
  void step_block(Outcome& outcome);
  void ascend(std::int64_t shape);
  void fetch_x(std::span<std::size_t const> slots);
  void settle_candidates(Outcome& outcome);
  void reject(std::size_t slot, Outcome& outcome);
  void exhaust(std::size_t slot, Outcome& outcome);
  void abandon();

  std::span<float> row(std::span<float> rows, std::size_t n) const { return rows.subspan(n * features_, features_); }
  backend::Queue& queue() { return models_.runner(0).queue(); }

  /// The units of a model a neuron is picked from, for ops.
  struct Neurons {
    Neurons(std::int64_t most, device::Memory& memory);
    backend::Mirrored<std::int32_t> layers, units, count;
    backend::UnitList list() const { return {layers.device(), units.device(), count.device()}; }
  };

  Setup const& setup_;
  Models models_;
  Models record_models_;  // of its own, so that recording leaves the loop's activations alone
  Recorder loop_recorder_, recorder_;
  FindingLog log_;
  std::unique_ptr<Constraint> constraint_;
  std::vector<std::int64_t> shapes_;
  std::size_t features_, width_;

  // What is to be done.
  MicroBatch const* incoming_ = nullptr;
  std::size_t next_incoming_ = 0;         // seed of it
  bool dry_ = false;                      // the feed has no more
  Buffer<float> incoming_rows_;           // stored values (batch, F)
  Samples samples_;                       // on their way
  std::vector<std::size_t> young_, old_;  // slots that wait for a pass: after the first step, and later
  std::vector<std::size_t> candidates_;   // slots that wait for a pass over their stored form

  // The block at work, by row.
  std::vector<std::size_t> block_;  // slots, or none
  bool fresh_ = false;              // all of its samples are at their seeds, and nothing has been computed of them
  std::int64_t shape_ = 0;
  backend::Mirrored<backend::LoopState> loop_;
  backend::Mirrored<backend::RowKey> keys_, pick_keys_;
  // Slots whose x a row is taken from, starts, and is put back to after the step; -1: none. Three arrays, for the host
  // writes those of the next block while the queue may still read the last.
  backend::Mirrored<std::int32_t> from_, into_, back_;
  backend::Mirrored<float> x_;    // (width, F)
  Buffer<float> seed_x_, g_;      // (width, F)
  Buffer<float> least_, most_;    // bounds of x (F)
  std::vector<Neurons> neurons_;  // per model, to pick from in this round
  Picks starts_, picks_;
  std::vector<std::uint8_t> accepted_;
  std::vector<Output> outputs_;

  // Candidates whose stored form is to be run.
  backend::Mirrored<backend::LoopState> settled_;
  backend::Mirrored<std::int32_t> settled_slots_;
  backend::Mirrored<float> settled_x_;                                       // (record batch, F)
  Buffer<float> stored_;                                                     // (record batch, F)
  std::map<std::int64_t, std::unique_ptr<backend::Step>> forward_, ascend_;  // per shape
};

}  // namespace sonde::generate
