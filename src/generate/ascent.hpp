// Gradient ascent on the joint objective for one micro-batch of seeds: DeepXplore Algorithm 1, a batch at a time.
//
// What comes out is a function of the micro-batch and of the coverage at the start of the round alone: not of the rank,
// the thread, the time or the other micro-batches.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "generate/finding.hpp"
#include "generate/recorder.hpp"

namespace sonde::generate {

/// Part of a round, worked on as a whole.
struct MicroBatch {
  std::uint32_t pass = 0;
  std::vector<std::int64_t> seeds;  // data set indices, at most --batch of them
};

/// Units a neuron may be picked from, per model: those uncovered at the start of the round, or all when none is left.
using Candidates = std::vector<backend::UnitList>;
Candidates uncovered_units(Setup const& setup, CoverageState const& state);

/// What a worker has produced since it was last emptied.
struct Outcome {
  std::vector<Finding> findings;
  std::vector<SeedRecord> seeds;
  CoverageState coverage;  // credited by this worker
  std::int64_t sample_iterations = 0;
};

/// One thread's worker. Everything the loop needs is allocated when it is made.
class Ascent {
 public:
  explicit Ascent(Setup const& setup);

  /// Works on every seed of the micro-batch and appends to `outcome`. `each_iteration` is called once per iteration.
  void run(MicroBatch const& batch, Candidates const& candidates, std::function<void()> const& each_iteration,
           Outcome& outcome);

  /// Bytes of activations and gradients.
  std::size_t bytes() const { return models_.bytes() + record_models_.bytes(); }

 private:
  /// One sample on its way.
  struct Sample {
    std::size_t slot = 0;  // in the micro-batch
    std::int64_t label = 0;
    std::int32_t target = 0;
    bool done = false;
  };

  /// A row that disagreed in the loop, to be judged by its stored form.
  struct Candidate {
    Sample sample;
    std::size_t row = 0;  // at the time
    std::int32_t iteration = 0;
  };

  std::int64_t start_samples(MicroBatch const& batch);
  void screen_seeds(MicroBatch const& batch, Outcome& outcome);
  void choose_targets(MicroBatch const& batch);
  void draw_neurons();
  void iterate(std::int64_t shape);
  void collect_candidates(std::int32_t iteration);
  void settle_candidates(MicroBatch const& batch, Outcome& outcome);
  void record_finding(MicroBatch const& batch, Sample const& sample, std::int32_t iteration, Verdict const& verdict,
                      bool valid, std::span<float const> stored, Outcome& outcome);
  std::int64_t compact(std::int64_t shape);
  std::span<float> row(Buffer<float>& rows, std::size_t n) const {
    return rows.span().subspan(n * features_, features_);
  }
  std::span<float const> seed_row(Sample const& sample) const {
    return seeds_.span().subspan(sample.slot * features_, features_);
  }
  void ask_saved(std::size_t first, std::size_t count);

  Setup const& setup_;
  Models models_;
  Models record_models_;  // of its own, so that recording leaves the loop's activations alone
  Recorder recorder_;
  std::unique_ptr<Constraint> constraint_;
  std::vector<std::int64_t> ladder_;
  std::size_t features_;

  backend::LoopState loop_;
  Candidates const* neurons_ = nullptr;                         // to pick from in this round
  Buffer<float> seeds_;                                         // stored values of the micro-batch (batch, F)
  Buffer<float> x_, seed_x_, g_;                                // live rows in units of the range (batch, F)
  Buffer<float> stored_;                                        // (record batch, F)
  std::vector<Sample> samples_;                                 // by live row
  std::vector<std::int64_t> seed_index_;                        // by live row
  std::vector<std::vector<backend::UnitPick>> starts_, picks_;  // per model, by live row
  std::vector<Candidate> candidates_;
  Buffer<float> candidate_x_;                   // (batch, F)
  std::vector<std::uint8_t> accepted_, saved_;  // of a group of candidates (record batch)
  std::vector<Output> outputs_;
  std::map<std::int64_t, std::unique_ptr<backend::Step>> steps_;  // per ladder shape
};

}  // namespace sonde::generate
