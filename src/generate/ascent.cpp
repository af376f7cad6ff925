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

Ascent::Neurons::Neurons(std::int64_t most, device::Memory& memory)
    : layers(static_cast<std::size_t>(most), memory), units(layers.size(), memory), count(1, memory) {}

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
      loop_(1, setup.memory()),
      keys_(width_, setup.memory()),
      pick_keys_(width_, setup.memory()),
      from_(width_, setup.memory()),
      into_(width_, setup.memory()),
      back_(width_, setup.memory()),
      x_(width_ * features_, setup.memory()),
      g_(width_ * features_, setup.memory()),
      least_(std::span(setup.domain().least()), setup.memory()),
      most_(std::span(setup.domain().most()), setup.memory()),
      settled_(1, setup.memory()),
      settled_slots_(static_cast<std::size_t>(recorder_.batch()), setup.memory()),
      settled_x_(settled_slots_.size() * features_, setup.memory()),
      stored_(settled_x_.size()) {
  Config const& config = setup.config();
  for (std::size_t k = 0; k < setup.models(); ++k) {
    neurons_.emplace_back(setup.networks()[k]->units(), setup.memory());
    starts_.emplace_back(width_, setup.memory());
    picks_.emplace_back(width_, setup.memory());
  }
  if (config.max_linf > 0 || config.max_l2 > 0) {
    seed_x_ = Buffer<float>(width_ * features_, setup.memory());
    samples_.keep_start();
  }
  if (setup.independent() && config.mode == Mode::published) samples_.keep_stored();
  accepted_.resize(std::max(width_, static_cast<std::size_t>(recorder_.batch())));
  block_.reserve(width_);
  for (auto* queue : {&young_, &old_, &candidates_}) queue->reserve(most_in_flight(setup, recorder_.batch()));
  for (std::int64_t shape : shapes_) {
    forward_[shape] = setup.backend(0)->record(models_.queues(),
                                               [this, shape] { models_.forward(shape, loop_.device(), x_.device()); });
    ascend_[shape] = setup.backend(0)->record(models_.queues(), [this, shape] { ascend(shape); });
  }
}

bool Ascent::run(MicroBatch const& batch, Candidates const& candidates, EachPass const& each_pass, Outcome& outcome) {
  MicroBatch const* next = &batch;
  return run([&] { return std::exchange(next, nullptr); }, candidates, each_pass, outcome);
}

bool Ascent::run(Feed const& feed, Candidates const& candidates, EachPass const& each_pass, Outcome& outcome) {
  take_candidates(candidates);
  incoming_ = nullptr;
  dry_ = false;
  while (choose_block(feed, outcome)) {
    load_block();
    forward_[shape_]->replay();
    models_.fetch_outputs(shape_);
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

void Ascent::take_candidates(Candidates const& candidates) {
  for (std::size_t k = 0; k < neurons_.size(); ++k) {
    Neurons& neurons = neurons_[k];
    auto const& [layers, units] = candidates[k];
    EXPECT(units.size() <= neurons.units.size());
    std::ranges::copy(layers, neurons.layers.host().begin());
    std::ranges::copy(units, neurons.units.host().begin());
    neurons.count[0] = static_cast<std::int32_t>(units.size());
    for (auto* array : {&neurons.layers, &neurons.units, &neurons.count}) array->send(queue());
  }
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
  fresh_ = false;
  if (candidates_.size() >= static_cast<std::size_t>(recorder_.batch())) settle_candidates(outcome);
  if (samples_.in_flight() == 0) log_.settle(true, outcome);
  if (old_.size() >= width_) {
    take(old_);
  } else if (young_.size() >= width_) {
    take(young_);
  } else {
    while (block_.size() < width_ && admit(feed)) {
    }
    fresh_ = !block_.empty();
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
  block_.push_back(samples_.add(incoming_->pass, incoming_->seeds[n], row(incoming_rows_.span(), n)));
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
  loop_[0].live = static_cast<std::int32_t>(shape_);
  bool const from_seed = setup_.config().repick == Repick::seed;
  for (std::size_t n = 0; n < static_cast<std::size_t>(shape_); ++n) {
    // Rows that only fill the shape: a copy of the first, which stays in the domain.
    std::size_t const slot = block_[n < block_.size() ? n : 0];
    Sample const& sample = samples_[slot];
    if (fresh_) setup_.domain().to_units(samples_.seed(slot), row(x_.host(), n));
    from_[n] = static_cast<std::int32_t>(slot);
    into_[n] = n < block_.size() ? from_[n] : -1;
    keys_[n] = {sample.seed_index, sample.pass, static_cast<std::uint32_t>(sample.iterations + 1)};
    pick_keys_[n] = keys_[n];
    if (from_seed) pick_keys_[n].iteration = 0;
  }
  auto const rows = static_cast<std::size_t>(shape_);
  loop_.send(queue());
  for (auto* array : {&from_, &into_}) array->send(queue(), rows);
  for (auto* array : {&keys_, &pick_keys_}) array->send(queue(), rows);
  load_rows();
}

/// x of the block, and where it started.
void Ascent::load_rows() {
  backend::RowOps const& ops = models_.ops();
  auto const features = static_cast<std::int64_t>(features_);
  if (fresh_) {
    x_.send(queue(), static_cast<std::size_t>(shape_) * features_);
    ops.scatter(queue(), loop_.device(), features, into_.device(), x_.device(), samples_.x());
    if (samples_.keeps_start()) {
      ops.scatter(queue(), loop_.device(), features, into_.device(), x_.device(), samples_.start());
    }
  } else {
    ops.gather(queue(), loop_.device(), features, from_.device(), samples_.x(), x_.device());
  }
  if (samples_.keeps_start()) {
    ops.gather(queue(), loop_.device(), features, from_.device(), samples_.start(), seed_x_.data());
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
      log_.add(samples_, slot, loop_recorder_.judge(static_cast<std::int64_t>(n)), samples_.x(slot), stored, sound,
               outcome);
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
  auto const rows = static_cast<std::size_t>(shape_);
  for (std::size_t n = 0; n < rows; ++n) {
    bool const live = n < block_.size() && block_[n] != none;
    back_[n] = live ? static_cast<std::int32_t>(block_[n]) : -1;
    for (std::size_t k = 0; k < setup_.models(); ++k) {
      starts_[k][n] = backend::UnitPick{};
      if (!live) continue;
      Sample const& sample = samples_[block_[n]];
      starts_[k][n] = setup_.objective().start(k, sample.label, sample.target);
    }
  }
  for (auto& starts : starts_) starts.send(queue(), rows);
  back_.send(queue(), rows);
  ascend_[shape_]->replay();
  bool const follows = samples_.keeps_stored();
  if (!follows) {
    models_.ops().scatter(queue(), loop_.device(), static_cast<std::int64_t>(features_), back_.device(), x_.device(),
                          samples_.x());
  }
  for (std::size_t n = 0; n < block_.size(); ++n) {
    std::size_t const slot = block_[n];
    if (slot == none) continue;
    if (follows) setup_.domain().follow(row(x_.host(), n), samples_.x(slot), samples_.stored(slot));
    ++samples_[slot].iterations;
    samples_[slot].judged = false;
    ++outcome.sample_iterations;
  }
}

/// Gradient, constraint and step for `shape` rows, at the activations of the last forward pass.
void Ascent::ascend(std::int64_t shape) {
  Config const& config = setup_.config();
  backend::RowOps const& ops = models_.ops();
  backend::LoopState const* const state = loop_.device();
  auto const features = static_cast<std::int64_t>(features_);
  bool const with_neurons = config.lambda2 != 0;
  for (std::size_t k = 0; with_neurons && k < setup_.models(); ++k) {
    ops.pick_units(queue(), state, config.rng_seed, pick_keys_.device(), static_cast<std::uint32_t>(k),
                   neurons_[k].list(), static_cast<float>(config.lambda2), picks_[k].device());
  }
  models_.backward(shape, state, starts_, with_neurons ? &picks_ : nullptr, g_.data());
  ops.normalise_rms(queue(), state, features, g_.data());
  constraint_->apply(ops, queue(), state, keys_.device(), x_.device(), g_.data());
  ops.ascend(queue(), state, features, static_cast<float>(setup_.step()), constraint_->rules(), g_.data(), x_.device());
  if (seed_x_.size() > 0) {
    ops.project(queue(), state, features, seed_x_.data(), static_cast<float>(config.max_linf),
                static_cast<float>(config.max_l2), x_.device());
  }
  if (least_.size() > 0) ops.clip(queue(), state, features, least_.data(), most_.data(), x_.device());
}

/// Brings x of the samples in `slots` to the host.
void Ascent::fetch_x(std::span<std::size_t const> slots) {
  settled_[0].live = static_cast<std::int32_t>(slots.size());
  for (std::size_t i = 0; i < slots.size(); ++i) settled_slots_[i] = static_cast<std::int32_t>(slots[i]);
  settled_.send(queue());
  settled_slots_.send(queue(), slots.size());
  models_.ops().gather(queue(), settled_.device(), static_cast<std::int64_t>(features_), settled_slots_.device(),
                       samples_.x(), settled_x_.device());
  settled_x_.fetch(queue(), slots.size() * features_);
}

/// Runs the stored form of the first candidates; those that still disagree are findings.
void Ascent::settle_candidates(Outcome& outcome) {
  bool const valid_mode = setup_.config().mode == Mode::valid;
  std::size_t const count = std::min(candidates_.size(), static_cast<std::size_t>(recorder_.batch()));
  fetch_x(std::span(candidates_).first(count));
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t const slot = candidates_[i];
    if (samples_[slot].iterations == 0) {
      std::ranges::copy(samples_.seed(slot), row(stored_.span(), i).begin());
    } else {
      setup_.domain().to_stored(row(settled_x_.host(), i), samples_.seed(slot), row(stored_.span(), i));
    }
  }
  auto const verdicts = recorder_.evaluate(stored_.span().first(count * features_));
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t const slot = candidates_[i];
    bool const screening = samples_[slot].iterations == 0;
    bool const sound = screening || setup_.domain().is_valid(row(stored_.span(), i), samples_.seed(slot));
    accepted_[i] = verdicts[i].disagree && (sound || screening || !valid_mode);
    if (accepted_[i]) {
      log_.add(samples_, slot, verdicts[i], row(settled_x_.host(), i), row(stored_.span(), i), sound, outcome);
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
