#include "inspect/hypothesis_set.hpp"

#include <algorithm>
#include <set>

#include "base/check.hpp"

namespace sonde::inspect {

HypothesisSet::HypothesisSet(std::vector<std::unique_ptr<Hypothesis>> hypotheses, std::vector<std::string> const& texts)
    : hypotheses_(std::move(hypotheses)) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < hypotheses_.size(); ++i) {
    first_.push_back(size());
    std::string const& text = texts[i];
    auto const equals = text.find('=');
    auto const start = equals == std::string::npos ? 0 : equals + 1;
    std::string const kind = text.substr(start, text.find(':', start) - start);
    for (std::string const& name : hypotheses_[i]->columns()) {
      VALIDATE(seen.insert(name).second, "--hypothesis " << text << ": the name '" << name
                                                         << "' stands already (scores are found by name). Give "
                                                            "another NAME=.");
      names_.push_back({name, kind, text});
    }
  }
  first_.push_back(size());
}

bool HypothesisSet::partial() const {
  return std::ranges::any_of(hypotheses_, [](auto const& hypothesis) { return hypothesis->partial(); });
}

void HypothesisSet::evaluate(RecordBlock const& block, std::span<std::int64_t const> wanted, float* values) const {
  for (std::size_t i = 0; i < hypotheses_.size(); ++i) {
    auto const next = std::ranges::lower_bound(wanted, first_[i]);
    if (next == wanted.end() || *next >= first_[i + 1]) continue;
    hypotheses_[i]->evaluate(block, values + first_[i], size());
  }
}

}  // namespace sonde::inspect
