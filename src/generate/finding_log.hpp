// Writes down what was found. In published mode, whose findings leave the domain, it also asks whether they would
// survive being saved in the data's own type.
#pragma once

#include "generate/finding.hpp"
#include "generate/recorder.hpp"
#include "generate/samples.hpp"

namespace sonde::generate {

/// What a worker has produced since it was last emptied.
struct Outcome {
  std::vector<Finding> findings;
  std::vector<SeedRecord> seeds;
  CoverageState coverage;  // credited by this worker
  std::int64_t sample_iterations = 0;
};

class FindingLog {
 public:
  /// `recorder` runs the saved forms.
  FindingLog(Setup const& setup, Recorder& recorder);

  /// A difference of the sample in `slot`: x (F), its stored form (F), and what the models say of it. `sound` says
  /// whether the input is one that counts in valid mode.
  void add(Samples& samples, std::size_t slot, Verdict const& verdict, std::span<float const> x,
           std::span<float const> stored, bool sound, Outcome& outcome);
  /// Settles what is open about the findings of `outcome`, whole record batches of it, or `all`.
  void settle(bool all, Outcome& outcome);
  /// How many findings of `outcome`, from the first, are settled.
  std::size_t settled(Outcome const& outcome) const { return open_.empty() ? outcome.findings.size() : open_.front(); }
  /// Leaves open what is open: the findings are not to be used.
  void abandon();

 private:
  Setup const& setup_;
  Recorder& recorder_;
  std::size_t features_;
  std::vector<std::size_t> open_;  // findings whose saved form has not been run
  std::vector<float> saved_;       // their saved forms (open, F)
};

}  // namespace sonde::generate
