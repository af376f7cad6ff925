#include "generate/recorder.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace sonde::generate {

CoverageState empty_coverage(Setup const& setup) {
  CoverageState state;
  for (auto const& network : setup.networks())
    state.emplace_back(static_cast<std::size_t>(network->units()), std::uint8_t{0});
  return state;
}

Recorder::Recorder(Setup const& setup, Models& models, std::int64_t batch)
    : setup_(setup),
      models_(models),
      batch_(batch),
      loop_(1, setup.memory()),
      x_(static_cast<std::size_t>(batch_ * setup.domain().features()), setup.memory()),
      verdicts_(static_cast<std::size_t>(batch_)) {
  loop_[0].live = static_cast<std::int32_t>(batch_);
  loop_.send(models_.runner(0).queue());
  for (std::size_t k = 0; k < setup.models(); ++k) criteria_.push_back(setup.make_criterion(k, batch_));
}

std::span<Verdict const> Recorder::evaluate(std::span<float const> stored) {
  EXPECT(stored.size() <= x_.size());
  setup_.domain().to_units(stored, x_.host().first(stored.size()));
  std::ranges::fill(x_.host().subspan(stored.size()), 0.0F);  // samples that only fill the batch
  x_.send(models_.runner(0).queue());
  models_.forward(batch_, loop_.device(), x_.device());
  models_.fetch_outputs(batch_);
  std::size_t const count = stored.size() / static_cast<std::size_t>(setup_.domain().features());
  for (std::size_t n = 0; n < count; ++n) judge(static_cast<std::int64_t>(n));
  return std::span(verdicts_).first(count);
}

Verdict const& Recorder::judge(std::int64_t sample) {
  Objective const& objective = setup_.objective();
  models_.outputs_of(sample, outputs_);
  Verdict& verdict = verdicts_[static_cast<std::size_t>(sample)];
  verdict.disagree = objective.disagree(outputs_);
  verdict.margin = objective.margin(outputs_);
  verdict.labels.clear();
  verdict.confidences.clear();
  for (std::size_t k = 0; k < outputs_.size(); ++k) {
    verdict.labels.push_back(objective.label(outputs_[k]));
    verdict.confidences.push_back(objective.confidence(k, outputs_[k]));
  }
  return verdict;
}

void Recorder::credit(std::span<std::uint8_t const> include, CoverageState& state) {
  if (std::ranges::none_of(include, [](std::uint8_t flag) { return flag != 0; })) return;
  for (std::size_t k = 0; k < criteria_.size(); ++k) criteria_[k]->update(models_.runner(k), batch_, include, state[k]);
}

}  // namespace sonde::generate
