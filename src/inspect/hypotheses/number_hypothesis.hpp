// One column of numbers that are held.
#pragma once

#include <string>
#include <vector>

#include "inspect/hypotheses/hypothesis.hpp"

namespace sonde::inspect {

class NumberHypothesis : public Hypothesis {
 public:
  /// `values` (records, symbols), or (records) when all symbols of a record have its number.
  NumberHypothesis(std::string const& name, std::vector<float> values, std::string fingerprint, DataFacts const& facts);

  std::vector<std::string> const& columns() const override { return names_; }
  void evaluate(RecordBlock const& block, float* values, std::int64_t stride) const override;
  std::string fingerprint() const override { return fingerprint_; }

 private:
  std::vector<std::string> names_;
  std::vector<float> values_;
  std::string fingerprint_;
  bool per_record_;
};

}  // namespace sonde::inspect
