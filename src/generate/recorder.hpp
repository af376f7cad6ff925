// The pass that counts: what is stored about an input, and the coverage credited for it, come from its stored bytes,
// run at one fixed batch size. generate and verify therefore see the same bits.
#pragma once

#include "generate/models.hpp"

namespace sonde::generate {

/// Covered units per model: one byte each, 0 or 1.
using CoverageState = std::vector<std::vector<std::uint8_t>>;

/// A state of nothing covered.
CoverageState empty_coverage(Setup const& setup);

/// What the models say of one stored input.
struct Verdict {
  bool disagree = false;
  std::vector<std::int64_t> labels;  // per model
  std::vector<double> confidences;   // per model: confidence in its label; a regression's (first) output
  double margin = 0;                 // relative distance from the opposite verdict
};

class Recorder {
 public:
  /// Looks at passes of `models` over `batch` samples.
  Recorder(Setup const& setup, Models& models, std::int64_t batch);

  std::int64_t batch() const { return batch_; }
  /// Verdicts of at most batch() stored samples (n, F), good until the next call.
  std::span<Verdict const> evaluate(std::span<float const> stored);
  /// What the last pass of the models, whose outputs were fetched, says of one of its samples, good until the next
  /// call.
  Verdict const& judge(std::int64_t sample);
  /// Credits what the samples of the last pass cover; include (n) leaves out those with 0.
  void credit(std::span<std::uint8_t const> include, CoverageState& state);

 private:
  Setup const& setup_;
  Models& models_;
  std::int64_t batch_;
  backend::Mirrored<backend::LoopState> loop_;
  backend::Mirrored<float> x_;  // (batch, F)
  std::vector<Verdict> verdicts_;
  std::vector<Output> outputs_;
  std::vector<std::unique_ptr<coverage::Criterion>> criteria_;  // per model
};

}  // namespace sonde::generate
