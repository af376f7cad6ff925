#include "generate/finding_log.hpp"

#include <algorithm>
#include <cmath>

namespace sonde::generate {
namespace {

/// Distances in units of the range between two stored samples.
void set_distances(Domain const& domain, Finding& finding) {
  for (std::size_t i = 0; i < finding.input.size(); ++i) {
    double const change =
        std::abs(static_cast<double>(finding.input[i]) - static_cast<double>(finding.seed[i])) / domain.range();
    finding.l1 += change;
    finding.l2 += change * change;
    finding.linf = std::max(finding.linf, change);
  }
  finding.l2 = std::sqrt(finding.l2);
}

}  // namespace

FindingLog::FindingLog(Setup const& setup, Recorder& recorder)
    : setup_(setup), recorder_(recorder), features_(static_cast<std::size_t>(setup.domain().features())) {}

void FindingLog::add(Samples& samples, std::size_t slot, Verdict const& verdict, std::span<float const> x,
                     std::span<float const> stored, bool sound, Outcome& outcome) {
  Sample const& sample = samples[slot];
  bool const generated = sample.iterations > 0;
  auto const seed = samples.seed(slot);
  Finding finding;
  finding.pass = sample.pass;
  finding.seed_index = sample.seed_index;
  finding.kind = generated ? Kind::generated : Kind::already_differed;
  finding.target_model = generated ? sample.target : -1;
  finding.iterations = sample.iterations;
  finding.labels = verdict.labels;
  finding.confidences = verdict.confidences;
  finding.seed_label = generated ? sample.label : verdict.labels[0];
  finding.valid = sound;
  finding.input.assign(stored.begin(), stored.end());
  finding.seed.assign(seed.begin(), seed.end());
  set_distances(setup_.domain(), finding);
  outcome.seeds.push_back(
      {sample.pass, sample.seed_index, generated ? Status::generated : Status::already_differed, sample.iterations});
  outcome.findings.push_back(std::move(finding));
  if (setup_.config().mode == Mode::valid || !generated) return;

  saved_.resize(saved_.size() + features_);
  auto const saved = std::span(saved_).last(features_);
  setup_.domain().to_saved(x, seed, saved);
  bool const can_hold = sound && setup_.domain().is_valid(saved, seed);
  outcome.findings.back().valid = can_hold;
  if (can_hold) {
    open_.push_back(outcome.findings.size() - 1);
  } else {
    saved_.resize(saved_.size() - features_);
  }
}

void FindingLog::settle(bool all, Outcome& outcome) {
  auto const batch = static_cast<std::size_t>(recorder_.batch());
  std::size_t done = 0;
  while (open_.size() - done >= (all ? 1 : batch)) {
    std::size_t const count = std::min(batch, open_.size() - done);
    auto const verdicts = recorder_.evaluate(std::span(saved_).subspan(done * features_, count * features_));
    for (std::size_t i = 0; i < count; ++i) outcome.findings[open_[done + i]].valid = verdicts[i].disagree;
    done += count;
  }
  open_.erase(open_.begin(), open_.begin() + static_cast<std::ptrdiff_t>(done));
  saved_.erase(saved_.begin(), saved_.begin() + static_cast<std::ptrdiff_t>(done * features_));
}

void FindingLog::abandon() {
  open_.clear();
  saved_.clear();
}

}  // namespace sonde::generate
