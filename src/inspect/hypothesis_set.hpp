// All hypotheses of a run as columns of one matrix.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "inspect/hypotheses/hypothesis.hpp"

namespace sonde::inspect {

/// One column of the hypothesis behaviours.
struct HypothesisName {
  std::string name;        // "upos=NOUN"
  std::string kind;        // "labels"
  std::string definition;  // as the user gave it: "upos=labels:dev.conllu.gz:upos"
};

class HypothesisSet {
 public:
  /// Takes over hypotheses and the texts they were made from. Throws InputError when two columns have one name.
  HypothesisSet(std::vector<std::unique_ptr<Hypothesis>> hypotheses, std::vector<std::string> const& texts);

  std::int64_t size() const { return static_cast<std::int64_t>(names_.size()); }
  std::vector<HypothesisName> const& names() const { return names_; }
  /// Whether a column may leave rows unannotated.
  bool partial() const;

  /// values (rows, size()) of the columns wanted (ascending); a hypothesis of which none is wanted is not evaluated,
  /// and what stands in the other columns is undefined. Thread safe.
  void evaluate(RecordBlock const& block, std::span<std::int64_t const> wanted, float* values) const;

 private:
  std::vector<std::unique_ptr<Hypothesis>> hypotheses_;
  std::vector<std::int64_t> first_;  // column of each hypothesis; and one past the last
  std::vector<HypothesisName> names_;
};

}  // namespace sonde::inspect
