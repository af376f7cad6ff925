#include "generate/ascent.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.hpp"
#include "base/rng.hpp"
#include "generate/ladder.hpp"

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

Candidates uncovered_units(Setup const& setup, CoverageState const& state) {
  Candidates candidates(setup.models());
  for (std::size_t k = 0; k < setup.models(); ++k) {
    auto const& layers = setup.networks()[k]->layers();
    bool const none_left = std::ranges::all_of(state[k], [](std::uint8_t covered) { return covered != 0; });
    for (std::size_t layer = 0; layer < layers.size(); ++layer) {
      for (std::int64_t unit = 0; unit < layers[layer].units; ++unit) {
        if (!none_left && state[k][static_cast<std::size_t>(layers[layer].first_unit + unit)]) continue;
        candidates[k].layers.push_back(static_cast<std::int32_t>(layer));
        candidates[k].units.push_back(static_cast<std::int32_t>(unit));
      }
    }
  }
  return candidates;
}

Ascent::Ascent(Setup const& setup)
    : setup_(setup),
      models_(setup, Models::Use::ascent),
      record_models_(setup, Models::Use::record),
      recorder_(setup, record_models_),
      constraint_(setup.make_constraint()),
      ladder_(ladder(setup.config().batch)),
      features_(static_cast<std::size_t>(setup.domain().features())) {
  auto const batch = static_cast<std::size_t>(setup.config().batch);
  for (Buffer<float>* rows : {&seeds_, &x_, &seed_x_, &g_, &candidate_x_}) *rows = Buffer<float>(batch * features_);
  stored_ = Buffer<float>(static_cast<std::size_t>(recorder_.batch()) * features_);
  samples_.reserve(batch);
  candidates_.reserve(batch);
  seed_index_.resize(batch);
  for (auto* flags : {&accepted_, &saved_}) flags->resize(static_cast<std::size_t>(recorder_.batch()));
  starts_.assign(setup.models(), std::vector<backend::UnitPick>(batch));
  picks_ = starts_;
  for (std::int64_t shape : ladder_) {
    steps_[shape] = setup.backend(0)->record([this, shape] { iterate(shape); });
  }
}

void Ascent::run(MicroBatch const& batch, Candidates const& candidates, std::function<void()> const& each_iteration,
                 Outcome& outcome) {
  neurons_ = &candidates;
  loop_.pass = batch.pass;
  setup_.read_seeds(batch.seeds, seeds_.data());
  std::int64_t shape = start_samples(batch);
  screen_seeds(batch, outcome);
  choose_targets(batch);
  auto remaining = std::ranges::count(samples_, false, &Sample::done);
  for (std::int32_t iteration = 1; remaining > 0 && iteration <= setup_.config().max_iterations; ++iteration) {
    std::int64_t const fitting = ladder_shape(ladder_, remaining);
    if (fitting != shape) shape = compact(fitting);
    loop_.iteration = static_cast<std::uint32_t>(iteration);
    steps_[shape]->replay();
    outcome.sample_iterations += remaining;
    collect_candidates(iteration);
    if (setup_.config().mode == Mode::valid) settle_candidates(batch, outcome);
    remaining = std::ranges::count(samples_, false, &Sample::done);
    each_iteration();
  }
  settle_candidates(batch, outcome);
  for (Sample const& sample : samples_) {
    if (sample.done) continue;
    outcome.seeds.push_back({batch.pass, batch.seeds[sample.slot], Status::exhausted,
                             static_cast<std::int32_t>(setup_.config().max_iterations)});
  }
}

/// Every seed becomes a row; the first forward pass. Returns its shape.
std::int64_t Ascent::start_samples(MicroBatch const& batch) {
  samples_.assign(batch.seeds.size(), Sample{});
  for (std::size_t n = 0; n < samples_.size(); ++n) {
    samples_[n].slot = n;
    seed_index_[n] = batch.seeds[n];
    setup_.domain().to_units(seed_row(samples_[n]), row(x_, n));
    std::ranges::copy(row(x_, n), row(seed_x_, n).begin());
  }
  return compact(ladder_shape(ladder_, static_cast<std::int64_t>(samples_.size())));
}

/// Labels the seeds. Those on which the models differ already, by their stored form too, are findings and go no
/// further.
void Ascent::screen_seeds(MicroBatch const& batch, Outcome& outcome) {
  collect_candidates(0);
  auto const chunk = static_cast<std::size_t>(recorder_.batch());
  for (std::size_t first = 0; first < candidates_.size(); first += chunk) {
    std::size_t const count = std::min(chunk, candidates_.size() - first);
    for (std::size_t i = 0; i < count; ++i)
      std::ranges::copy(seed_row(candidates_[first + i].sample), row(stored_, i).begin());
    auto const verdicts = recorder_.evaluate(stored_.span().first(count * features_));
    for (std::size_t i = 0; i < count; ++i) {
      Sample& sample = samples_[candidates_[first + i].row];
      accepted_[i] = sample.done = verdicts[i].disagree;
      sample.label = verdicts[i].labels[0];
      if (accepted_[i]) record_finding(batch, sample, 0, verdicts[i], true, seed_row(sample), outcome);
    }
    recorder_.credit(std::span(accepted_).first(count), outcome.coverage);
  }
  candidates_.clear();
  for (std::size_t n = 0; n < samples_.size(); ++n) {
    models_.outputs_of(static_cast<std::int64_t>(n), outputs_);
    if (!samples_[n].done) samples_[n].label = setup_.objective().label(outputs_[0]);
  }
}

void Ascent::choose_targets(MicroBatch const& batch) {
  Config const& config = setup_.config();
  for (std::size_t n = 0; n < samples_.size(); ++n) {
    Sample& sample = samples_[n];
    DrawKey const key{batch.pass, static_cast<std::uint64_t>(batch.seeds[sample.slot]), 0, 0};
    auto const drawn = static_cast<std::int64_t>(draw_below(config.rng_seed, Purpose::target, key, setup_.models()));
    sample.target = static_cast<std::int32_t>(config.target >= 0 ? config.target : drawn);
    for (std::size_t k = 0; k < setup_.models(); ++k)
      starts_[k][n] = setup_.objective().start(k, sample.label, sample.target);
  }
  loop_.iteration = 0;
  if (config.repick == Repick::seed) draw_neurons();
}

void Ascent::draw_neurons() {
  auto const weight = static_cast<float>(setup_.config().lambda2);
  for (std::size_t k = 0; k < setup_.models(); ++k) {
    models_.ops().pick_units(models_.runner(k).queue(), &loop_, setup_.config().rng_seed, seed_index_.data(),
                             static_cast<std::uint32_t>(k), (*neurons_)[k], weight, picks_[k].data());
  }
}

/// One iteration for `shape` rows: gradient, constraint, step, forward pass. Its activations are those the next
/// iteration's gradient starts from.
void Ascent::iterate(std::int64_t shape) {
  Config const& config = setup_.config();
  Domain const& domain = setup_.domain();
  backend::RowOps const& ops = models_.ops();
  backend::Queue& queue = models_.runner(0).queue();
  std::int64_t const features = domain.features();
  bool const with_neurons = config.lambda2 != 0;
  if (with_neurons && config.repick == Repick::iteration) draw_neurons();
  models_.backward(shape, &loop_, starts_, with_neurons ? &picks_ : nullptr, g_.data());
  ops.normalise_rms(queue, &loop_, features, g_.data());
  constraint_->apply(ops, queue, &loop_, seed_index_.data(), x_.data(), g_.data());
  ops.ascend(queue, &loop_, features, static_cast<float>(setup_.step()), constraint_->rules(), g_.data(), x_.data());
  if (config.max_linf > 0 || config.max_l2 > 0) {
    ops.project(queue, &loop_, features, seed_x_.data(), static_cast<float>(config.max_linf),
                static_cast<float>(config.max_l2), x_.data());
  }
  if (!domain.least().empty())
    ops.clip(queue, &loop_, features, domain.least().data(), domain.most().data(), x_.data());
  models_.forward(shape, &loop_, x_.data());
}

/// In published mode a row that disagrees is done. In valid mode it goes on unless its stored form disagrees as well.
void Ascent::collect_candidates(std::int32_t iteration) {
  for (std::size_t n = 0; n < samples_.size(); ++n) {
    if (samples_[n].done) continue;
    models_.outputs_of(static_cast<std::int64_t>(n), outputs_);
    if (!setup_.objective().disagree(outputs_)) continue;
    std::ranges::copy(row(x_, n), row(candidate_x_, candidates_.size()).begin());
    candidates_.push_back({samples_[n], n, iteration});
    samples_[n].done = setup_.config().mode == Mode::published;
  }
}

/// Runs the stored form of every candidate; those that still disagree are findings.
void Ascent::settle_candidates(MicroBatch const& batch, Outcome& outcome) {
  Domain const& domain = setup_.domain();
  bool const valid_mode = setup_.config().mode == Mode::valid;
  auto const chunk = static_cast<std::size_t>(recorder_.batch());
  for (std::size_t first = 0; first < candidates_.size(); first += chunk) {
    std::size_t const count = std::min(chunk, candidates_.size() - first);
    if (!valid_mode) ask_saved(first, count);
    for (std::size_t i = 0; i < count; ++i) {
      domain.to_stored(row(candidate_x_, first + i), seed_row(candidates_[first + i].sample), row(stored_, i));
    }
    auto const verdicts = recorder_.evaluate(stored_.span().first(count * features_));
    for (std::size_t i = 0; i < count; ++i) {
      Candidate const& candidate = candidates_[first + i];
      bool const sound = domain.is_valid(row(stored_, i), seed_row(candidate.sample));
      accepted_[i] = verdicts[i].disagree && (sound || !valid_mode);
      if (accepted_[i]) {
        record_finding(batch, candidate.sample, candidate.iteration, verdicts[i], sound && (valid_mode || saved_[i]),
                       row(stored_, i), outcome);
        if (valid_mode) samples_[candidate.row].done = true;
      } else if (!valid_mode) {
        // A tie that rounding decides: what is stored does not show it.
        outcome.seeds.push_back(
            {batch.pass, batch.seeds[candidate.sample.slot], Status::exhausted, candidate.iteration});
      }
    }
    recorder_.credit(std::span(accepted_).first(count), outcome.coverage);
  }
  candidates_.clear();
}

/// Published mode leaves the domain: whether its findings would survive being saved in the data's own type.
void Ascent::ask_saved(std::size_t first, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    setup_.domain().to_saved(row(candidate_x_, first + i), seed_row(candidates_[first + i].sample), row(stored_, i));
  }
  auto const verdicts = recorder_.evaluate(stored_.span().first(count * features_));
  for (std::size_t i = 0; i < count; ++i) {
    saved_[i] =
        verdicts[i].disagree && setup_.domain().is_valid(row(stored_, i), seed_row(candidates_[first + i].sample));
  }
}

void Ascent::record_finding(MicroBatch const& batch, Sample const& sample, std::int32_t iteration,
                            Verdict const& verdict, bool valid, std::span<float const> stored, Outcome& outcome) {
  bool const generated = iteration > 0;
  Finding finding;
  finding.pass = batch.pass;
  finding.seed_index = batch.seeds[sample.slot];
  finding.kind = generated ? Kind::generated : Kind::already_differed;
  finding.target_model = generated ? sample.target : -1;
  finding.iterations = iteration;
  finding.labels = verdict.labels;
  finding.confidences = verdict.confidences;
  finding.seed_label = sample.label;
  finding.valid = valid;
  finding.input.assign(stored.begin(), stored.end());
  auto const seed = seed_row(sample);
  finding.seed.assign(seed.begin(), seed.end());
  set_distances(setup_.domain(), finding);
  outcome.findings.push_back(std::move(finding));
  outcome.seeds.push_back(
      {batch.pass, batch.seeds[sample.slot], generated ? Status::generated : Status::already_differed, iteration});
}

/// Moves the rows still going on to the front, in seed order, and computes their activations at the new shape.
std::int64_t Ascent::compact(std::int64_t shape) {
  std::size_t kept = 0;
  for (std::size_t n = 0; n < samples_.size(); ++n) {
    if (samples_[n].done) continue;
    if (kept != n) {
      samples_[kept] = samples_[n];
      seed_index_[kept] = seed_index_[n];
      std::ranges::copy(row(x_, n), row(x_, kept).begin());
      std::ranges::copy(row(seed_x_, n), row(seed_x_, kept).begin());
      for (std::size_t k = 0; k < setup_.models(); ++k) {
        starts_[k][kept] = starts_[k][n];
        picks_[k][kept] = picks_[k][n];
      }
    }
    ++kept;
  }
  samples_.resize(kept);
  // Rows that only fill the shape: a copy of the first, which stays in the domain, and part of no objective.
  for (std::size_t n = kept; n < static_cast<std::size_t>(shape); ++n) {
    seed_index_[n] = seed_index_[0];
    std::ranges::copy(row(x_, 0), row(x_, n).begin());
    std::ranges::copy(row(seed_x_, 0), row(seed_x_, n).begin());
    for (std::size_t k = 0; k < setup_.models(); ++k) starts_[k][n] = picks_[k][n] = backend::UnitPick{};
  }
  loop_.live = static_cast<std::int32_t>(shape);
  models_.forward(shape, &loop_, x_.data());
  return shape;
}

}  // namespace sonde::generate
