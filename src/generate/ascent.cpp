#include "generate/ascent.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "base/rng.hpp"
#include "generate/ladder.hpp"

namespace sonde::generate {
namespace {

/// Most samples on their way: a micro-batch, or what the three queues of independent samples hold when another block is
/// taken in.
std::size_t most_in_flight(Setup const& setup, std::int64_t record_batch) {
  return static_cast<std::size_t>(setup.independent() ? 3 * setup.width() + record_batch : setup.config().batch);
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
      loop_recorder_(setup, models_, setup.width()),
      recorder_(setup, record_models_, record_batch(setup.config().batch)),
      log_(setup, recorder_),
      constraint_(setup.make_constraint()),
      shapes_(shapes(setup)),
      features_(static_cast<std::size_t>(setup.domain().features())),
      width_(static_cast<std::size_t>(setup.width())),
      incoming_rows_(static_cast<std::size_t>(setup.config().batch) * features_),
      samples_(setup, most_in_flight(setup, recorder_.batch())),
      keys_(width_),
      pick_keys_(width_),
      starts_(setup.models(), std::vector<backend::UnitPick>(width_)),
      picks_(starts_) {
  Config const& config = setup.config();
  x_ = Buffer<float>(width_ * features_);
  g_ = Buffer<float>(width_ * features_);
  if (config.max_linf > 0 || config.max_l2 > 0) seed_x_ = Buffer<float>(width_ * features_);
  stored_ = Buffer<float>(static_cast<std::size_t>(recorder_.batch()) * features_);
  if (setup.independent() && config.mode == Mode::published) samples_.keep_stored();
  accepted_.resize(std::max(width_, static_cast<std::size_t>(recorder_.batch())));
  block_.reserve(width_);
  for (auto* queue : {&young_, &old_, &candidates_}) queue->reserve(most_in_flight(setup, recorder_.batch()));
  for (std::int64_t shape : shapes_) {
    forward_[shape] =
        setup.backend(0)->record(models_.queues(), [this, shape] { models_.forward(shape, &loop_, x_.data()); });
    ascend_[shape] = setup.backend(0)->record(models_.queues(), [this, shape] { ascend(shape); });
  }
}

bool Ascent::run(MicroBatch const& batch, Candidates const& candidates, EachPass const& each_pass, Outcome& outcome) {
  MicroBatch const* next = &batch;
  return run([&] { return std::exchange(next, nullptr); }, candidates, each_pass, outcome);
}

bool Ascent::run(Feed const& feed, Candidates const& candidates, EachPass const& each_pass, Outcome& outcome) {
  neurons_ = &candidates;
  incoming_ = nullptr;
  dry_ = false;
  while (choose_block(feed, outcome)) {
    load_block();
    forward_[shape_]->replay();
    auto const before = block_.size();
    check_block(outcome);
    auto const live = before - static_cast<std::size_t>(std::ranges::count(block_, none));
    // The activations of the live rows, computed again in a full block, cost less than gradients of dead ones.
    bool const worth = 2 * live >= before;
    if (worth) step_block(outcome);
    for (std::size_t slot : block_) {
      if (slot != none) (worth && samples_[slot].iterations == 1 ? young_ : old_).push_back(slot);
    }
    log_.settle(false, outcome);
    if (!each_pass()) {
      abandon();
      return false;
    }
  }
  return true;
}

/// Forgets what is on its way.
void Ascent::abandon() {
  samples_.clear();
  log_.abandon();
  for (auto* queue : {&young_, &old_, &candidates_}) queue->clear();
}

/// Blocks are filled with samples that are about equally likely to end: of those that have taken one step many do.
bool Ascent::choose_block(Feed const& feed, Outcome& outcome) {
  block_.clear();
  if (candidates_.size() >= static_cast<std::size_t>(recorder_.batch())) settle_candidates(outcome);
  if (samples_.in_flight() == 0) log_.settle(true, outcome);
  if (old_.size() >= width_) {
    take(old_);
  } else if (young_.size() >= width_) {
    take(young_);
  } else {
    while (block_.size() < width_ && admit(feed)) {
    }
  }
  if (!block_.empty()) return true;
  take(old_);
  take(young_);
  if (!block_.empty() || candidates_.empty()) return !block_.empty();
  settle_candidates(outcome);
  return choose_block(feed, outcome);
}

/// Puts the next seed into the block. Returns false when there is none to be had now.
bool Ascent::admit(Feed const& feed) {
  if (!incoming_ || next_incoming_ == incoming_->seeds.size()) {
    if (dry_ || (!setup_.independent() && samples_.in_flight() > 0)) return false;
    incoming_ = feed();
    dry_ = !incoming_;
    if (dry_) return false;
    next_incoming_ = 0;
    setup_.seeds().read(incoming_->seeds, incoming_rows_.data());
  }
  std::size_t const n = next_incoming_++;
  block_.push_back(samples_.add(incoming_->pass, incoming_->seeds[n], row(incoming_rows_, n)));
  return true;
}

/// Moves samples from the front of a queue to the block, as many as it holds.
void Ascent::take(std::vector<std::size_t>& queue) {
  std::size_t const count = std::min(queue.size(), width_ - block_.size());
  auto const end = queue.begin() + static_cast<std::ptrdiff_t>(count);
  block_.insert(block_.end(), queue.begin(), end);
  queue.erase(queue.begin(), end);
}

void Ascent::load_block() {
  shape_ = ladder_shape(shapes_, static_cast<std::int64_t>(block_.size()));
  loop_.live = static_cast<std::int32_t>(shape_);
  bool const from_seed = setup_.config().repick == Repick::seed;
  for (std::size_t n = 0; n < static_cast<std::size_t>(shape_); ++n) {
    // Rows that only fill the shape: a copy of the first, which stays in the domain.
    std::size_t const slot = block_[n < block_.size() ? n : 0];
    Sample const& sample = samples_[slot];
    std::ranges::copy(samples_.x(slot), row(x_, n).begin());
    if (seed_x_.size() > 0) setup_.domain().to_units(samples_.seed(slot), row(seed_x_, n));
    keys_[n] = {sample.seed_index, sample.pass, static_cast<std::uint32_t>(sample.iterations + 1)};
    pick_keys_[n] = keys_[n];
    if (from_seed) pick_keys_[n].iteration = 0;
  }
}

/// Whether what the models say of x is what they say of its stored bytes, to the bit.
bool Ascent::is_exact(Sample const& sample) const {
  return setup_.independent() && (sample.iterations == 0 || setup_.config().mode == Mode::published);
}

/// After the forward pass: takes the samples that have ended, or wait for a verdict, out of the block.
void Ascent::check_block(Outcome& outcome) {
  Config const& config = setup_.config();
  std::ranges::fill(accepted_, std::uint8_t{0});
  for (std::size_t n = 0; n < block_.size(); ++n) {
    std::size_t const slot = block_[n];
    Sample& sample = samples_[slot];
    models_.outputs_of(static_cast<std::int64_t>(n), outputs_);
    bool const disagree = !sample.judged && setup_.objective().disagree(outputs_);
    if (disagree && is_exact(sample)) {
      auto const stored = sample.iterations == 0 ? samples_.seed(slot) : samples_.stored(slot);
      bool const sound = sample.iterations == 0 || setup_.domain().is_valid(stored, samples_.seed(slot));
      log_.add(samples_, slot, loop_recorder_.judge(static_cast<std::int64_t>(n)), stored, sound, outcome);
      accepted_[n] = 1;
      samples_.remove(slot);
      block_[n] = none;
    } else if (disagree) {
      candidates_.push_back(slot);
      block_[n] = none;
    } else if (sample.iterations == config.max_iterations) {
      exhaust(slot, outcome);
      block_[n] = none;
    } else if (sample.iterations == 0) {
      DrawKey const key{sample.pass, static_cast<std::uint64_t>(sample.seed_index), 0, 0};
      auto const drawn = static_cast<std::int64_t>(draw_below(config.rng_seed, Purpose::target, key, setup_.models()));
      sample.target = static_cast<std::int32_t>(config.target >= 0 ? config.target : drawn);
      sample.label = setup_.objective().label(outputs_[0]);
    }
  }
  loop_recorder_.credit(std::span(accepted_).first(block_.size()), outcome.coverage);
}

/// One step of every sample in the block.
void Ascent::step_block(Outcome& outcome) {
  for (std::size_t n = 0; n < static_cast<std::size_t>(shape_); ++n) {
    bool const live = n < block_.size() && block_[n] != none;
    for (std::size_t k = 0; k < setup_.models(); ++k) {
      starts_[k][n] = backend::UnitPick{};
      if (!live) continue;
      Sample const& sample = samples_[block_[n]];
      starts_[k][n] = setup_.objective().start(k, sample.label, sample.target);
    }
  }
  ascend_[shape_]->replay();
  for (std::size_t n = 0; n < block_.size(); ++n) {
    std::size_t const slot = block_[n];
    if (slot == none) continue;
    if (is_exact(samples_[slot]) && setup_.config().mode == Mode::published) {
      setup_.domain().follow(row(x_, n), samples_.x(slot), samples_.stored(slot));
    } else {
      std::ranges::copy(row(x_, n), samples_.x(slot).begin());
    }
    ++samples_[slot].iterations;
    samples_[slot].judged = false;
    ++outcome.sample_iterations;
  }
}

/// Gradient, constraint and step for `shape` rows, at the activations of the last forward pass.
void Ascent::ascend(std::int64_t shape) {
  Config const& config = setup_.config();
  Domain const& domain = setup_.domain();
  backend::RowOps const& ops = models_.ops();
  backend::Queue& queue = models_.runner(0).queue();
  std::int64_t const features = domain.features();
  bool const with_neurons = config.lambda2 != 0;
  for (std::size_t k = 0; with_neurons && k < setup_.models(); ++k) {
    ops.pick_units(models_.runner(k).queue(), &loop_, config.rng_seed, pick_keys_.data(), static_cast<std::uint32_t>(k),
                   (*neurons_)[k], static_cast<float>(config.lambda2), picks_[k].data());
  }
  models_.backward(shape, &loop_, starts_, with_neurons ? &picks_ : nullptr, g_.data());
  ops.normalise_rms(queue, &loop_, features, g_.data());
  constraint_->apply(ops, queue, &loop_, keys_.data(), x_.data(), g_.data());
  ops.ascend(queue, &loop_, features, static_cast<float>(setup_.step()), constraint_->rules(), g_.data(), x_.data());
  if (seed_x_.size() > 0) {
    ops.project(queue, &loop_, features, seed_x_.data(), static_cast<float>(config.max_linf),
                static_cast<float>(config.max_l2), x_.data());
  }
  if (!domain.least().empty())
    ops.clip(queue, &loop_, features, domain.least().data(), domain.most().data(), x_.data());
}

/// Runs the stored form of the first candidates; those that still disagree are findings.
void Ascent::settle_candidates(Outcome& outcome) {
  bool const valid_mode = setup_.config().mode == Mode::valid;
  std::size_t const count = std::min(candidates_.size(), static_cast<std::size_t>(recorder_.batch()));
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t const slot = candidates_[i];
    if (samples_[slot].iterations == 0) {
      std::ranges::copy(samples_.seed(slot), row(stored_, i).begin());
    } else {
      setup_.domain().to_stored(samples_.x(slot), samples_.seed(slot), row(stored_, i));
    }
  }
  auto const verdicts = recorder_.evaluate(stored_.span().first(count * features_));
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t const slot = candidates_[i];
    bool const screening = samples_[slot].iterations == 0;
    bool const sound = screening || setup_.domain().is_valid(row(stored_, i), samples_.seed(slot));
    accepted_[i] = verdicts[i].disagree && (sound || screening || !valid_mode);
    if (accepted_[i]) {
      log_.add(samples_, slot, verdicts[i], row(stored_, i), sound, outcome);
      samples_.remove(slot);
    } else {
      reject(slot, outcome);
    }
  }
  recorder_.credit(std::span(accepted_).first(count), outcome.coverage);
  candidates_.erase(candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(count));
}

/// A candidate whose stored form does not count. In valid mode the ascent goes on; in published mode, which stops at
/// the first disagreement, it was a tie that rounding decides.
void Ascent::reject(std::size_t slot, Outcome& outcome) {
  Sample& sample = samples_[slot];
  bool const ended = sample.iterations > 0 &&
                     (setup_.config().mode == Mode::published || sample.iterations == setup_.config().max_iterations);
  if (ended) return exhaust(slot, outcome);
  sample.judged = true;
  old_.push_back(slot);
}

void Ascent::exhaust(std::size_t slot, Outcome& outcome) {
  Sample const& sample = samples_[slot];
  outcome.seeds.push_back({sample.pass, sample.seed_index, Status::exhausted, sample.iterations});
  samples_.remove(slot);
}

}  // namespace sonde::generate
