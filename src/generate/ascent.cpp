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
    double const change = std::abs(static_cast<double>(finding.input[i]) - static_cast<double>(finding.seed[i])) / domain.range();
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
    : setup_(setup), models_(setup, Models::Use::ascent), record_models_(setup, Models::Use::record), recorder_(setup, record_models_), constraint_(setup.make_constraint()),
      ladder_(ladder(setup.config().batch)), features_(static_cast<std::size_t>(setup.domain().features())) {
  auto const batch = static_cast<std::size_t>(setup.config().batch);
  for (Buffer<float>* rows : {&seeds_, &x_, &seed_x_, &g_}) *rows = Buffer<float>(batch * features_);
  stored_ = Buffer<float>(static_cast<std::size_t>(recorder_.batch()) * features_);
  samples_.reserve(batch);
  disagreeing_.reserve(batch);
  seed_index_.resize(batch);
  starts_.assign(setup.models(), std::vector<backend::UnitPick>(batch));
  picks_ = starts_;
  for (std::int64_t shape : ladder_) {
    steps_[shape] = setup.backend(0)->record([this, shape] { iterate(shape); });
  }
}

void Ascent::run(MicroBatch const& batch, Candidates const& candidates, std::function<void()> const& each_iteration, Outcome& outcome) {
  candidates_ = &candidates;
  loop_.pass = batch.pass;
  setup_.read_seeds(batch.seeds, seeds_.data());
  screen_seeds(batch, outcome);
  start_samples(batch);
  auto remaining = static_cast<std::int64_t>(samples_.size());
  std::int64_t shape = 0;
  for (std::int32_t iteration = 1; remaining > 0 && iteration <= setup_.config().max_iterations; ++iteration) {
    std::int64_t const fitting = ladder_shape(ladder_, remaining);
    if (fitting != shape) shape = compact(fitting);
    loop_.iteration = static_cast<std::uint32_t>(iteration);
    steps_[shape]->replay();
    outcome.sample_iterations += remaining;
    collect_disagreeing();
    confirm(batch, iteration, outcome);
    remaining = std::ranges::count(samples_, false, &Sample::done);
    each_iteration();
  }
  for (Sample const& sample : samples_) {
    if (sample.done) continue;
    outcome.seeds.push_back({batch.pass, batch.seeds[sample.slot], Status::exhausted, static_cast<std::int32_t>(setup_.config().max_iterations)});
  }
}

/// Finds the seeds on which the models differ already; the others become samples.
void Ascent::screen_seeds(MicroBatch const& batch, Outcome& outcome) {
  samples_.clear();
  auto const count = static_cast<std::int64_t>(batch.seeds.size());
  for (std::int64_t first = 0; first < count; first += recorder_.batch()) {
    auto const chunk = static_cast<std::size_t>(std::min(recorder_.batch(), count - first));
    auto const rows = seeds_.span().subspan(static_cast<std::size_t>(first) * features_, chunk * features_);
    auto const& verdicts = recorder_.evaluate(rows);
    std::vector<std::uint8_t> differ(chunk);
    for (std::size_t n = 0; n < chunk; ++n) {
      Sample sample{static_cast<std::size_t>(first) + n, verdicts[n].labels[0]};
      differ[n] = verdicts[n].disagree;
      if (verdicts[n].disagree) {
        record_finding(batch, sample, 0, verdicts[n], true, rows.subspan(n * features_, features_), outcome);
      } else {
        samples_.push_back(sample);
      }
    }
    recorder_.credit(differ, outcome.coverage);
  }
}

void Ascent::start_samples(MicroBatch const& batch) {
  Config const& config = setup_.config();
  for (std::size_t n = 0; n < samples_.size(); ++n) {
    Sample& sample = samples_[n];
    std::int64_t const index = batch.seeds[sample.slot];
    DrawKey const key{batch.pass, static_cast<std::uint64_t>(index), 0, 0};
    sample.target = static_cast<std::int32_t>(config.target >= 0 ? config.target
                                                                 : static_cast<std::int64_t>(draw_below(config.rng_seed, Purpose::target, key, setup_.models())));
    seed_index_[n] = index;
    setup_.domain().to_units(seed_row(sample), row(x_, n));
    std::ranges::copy(row(x_, n), row(seed_x_, n).begin());
    for (std::size_t k = 0; k < setup_.models(); ++k) starts_[k][n] = setup_.objective().start(k, sample.label, sample.target);
  }
  loop_.iteration = 0;
  loop_.live = static_cast<std::int32_t>(samples_.size());
  if (config.repick == Repick::seed) draw_neurons();
}

void Ascent::draw_neurons() {
  auto const weight = static_cast<float>(setup_.config().lambda2);
  for (std::size_t k = 0; k < setup_.models(); ++k) {
    models_.ops().pick_units(models_.runner(k).queue(), &loop_, setup_.config().rng_seed, seed_index_.data(), static_cast<std::uint32_t>(k),
                             (*candidates_)[k], weight, picks_[k].data());
  }
}

/// One iteration for `shape` rows: gradient, constraint, step, forward pass. Its activations are those the next iteration's
/// gradient starts from.
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
    ops.project(queue, &loop_, features, seed_x_.data(), static_cast<float>(config.max_linf), static_cast<float>(config.max_l2), x_.data());
  }
  if (!domain.least().empty()) ops.clip(queue, &loop_, features, domain.least().data(), domain.most().data(), x_.data());
  models_.forward(shape, &loop_, x_.data());
}

void Ascent::collect_disagreeing() {
  disagreeing_.clear();
  for (std::size_t n = 0; n < samples_.size(); ++n) {
    if (samples_[n].done) continue;
    models_.outputs_of(static_cast<std::int64_t>(n), outputs_);
    if (setup_.objective().disagree(outputs_)) disagreeing_.push_back(n);
  }
}

/// Runs the stored form of every row that disagrees; those that still do are findings.
void Ascent::confirm(MicroBatch const& batch, std::int32_t iteration, Outcome& outcome) {
  Domain const& domain = setup_.domain();
  bool const valid_mode = setup_.config().mode == Mode::valid;
  std::span<std::size_t const> const all(disagreeing_);
  for (std::size_t first = 0; first < all.size(); first += static_cast<std::size_t>(recorder_.batch())) {
    auto const rows = all.subspan(first, std::min(static_cast<std::size_t>(recorder_.batch()), all.size() - first));
    std::vector<std::uint8_t> const saved = valid_mode ? std::vector<std::uint8_t>(rows.size(), 1) : saved_still_differ(rows);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      domain.to_stored(row(x_, rows[i]), seed_row(samples_[rows[i]]), row(stored_, i));
    }
    auto const& verdicts = recorder_.evaluate(stored_.span().first(rows.size() * features_));
    std::vector<std::uint8_t> accepted(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      Sample& sample = samples_[rows[i]];
      bool const sound = domain.is_valid(row(stored_, i), seed_row(sample));
      accepted[i] = verdicts[i].disagree && (sound || !valid_mode);
      if (!accepted[i]) continue;
      sample.done = true;
      record_finding(batch, sample, iteration, verdicts[i], sound && saved[i], row(stored_, i), outcome);
    }
    recorder_.credit(accepted, outcome.coverage);
  }
}

/// Published mode leaves the domain: whether its findings would survive being saved in the data's own type.
std::vector<std::uint8_t> Ascent::saved_still_differ(std::span<std::size_t const> rows) {
  std::vector<std::uint8_t> result(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    setup_.domain().to_saved(row(x_, rows[i]), seed_row(samples_[rows[i]]), row(stored_, i));
  }
  auto const& verdicts = recorder_.evaluate(stored_.span().first(rows.size() * features_));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    result[i] = verdicts[i].disagree && setup_.domain().is_valid(row(stored_, i), seed_row(samples_[rows[i]]));
  }
  return result;
}

void Ascent::record_finding(MicroBatch const& batch, Sample const& sample, std::int32_t iteration, Verdict const& verdict, bool valid,
                            std::span<float const> stored, Outcome& outcome) {
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
  outcome.seeds.push_back({batch.pass, batch.seeds[sample.slot], generated ? Status::generated : Status::already_differed, iteration});
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
