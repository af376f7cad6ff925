#include "inspect/hypotheses/number_hypothesis.hpp"

#include "base/check.hpp"

namespace sonde::inspect {

NumberHypothesis::NumberHypothesis(std::string const& name, std::vector<float> values, std::string fingerprint,
                                   DataFacts const& facts)
    : names_{name},
      values_(std::move(values)),
      fingerprint_(std::move(fingerprint)),
      per_record_(static_cast<std::int64_t>(values_.size()) == facts.records) {
  EXPECT(per_record_ || static_cast<std::int64_t>(values_.size()) == facts.records * facts.symbols);
}

void NumberHypothesis::evaluate(RecordBlock const& block, float* values, std::int64_t stride) const {
  std::int64_t const symbols = block.facts.symbols;
  for (std::int64_t const record : block.records) {
    float const* source = values_.data() + (per_record_ ? record : record * symbols);
    for (std::int64_t s = 0; s < symbols; ++s, values += stride) *values = per_record_ ? *source : source[s];
  }
}

}  // namespace sonde::inspect
