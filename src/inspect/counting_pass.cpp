#include "inspect/counting_pass.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "comm/collectives.hpp"

namespace sonde::inspect {
namespace {

/// Blocks between two steps of the probes: one global mini-batch, whatever the number of ranks.
constexpr std::int64_t probe_round = 8;
/// The first look: an interval from fewer blocks is too uncertain itself.
constexpr std::int64_t first_look = 24;
constexpr double look_growth = 1.4;

/// Where each of `some` stands in `all`, both ascending.
std::vector<std::int64_t> places_in(std::vector<std::int64_t> const& all, std::vector<std::int64_t> const& some) {
  std::vector<std::int64_t> places;
  for (std::int64_t item : some) places.push_back(std::ranges::lower_bound(all, item) - all.begin());
  return places;
}

/// The units [units.first, units.first + units.count) alone.
Rows narrowed(Rows rows, comm::Block units, std::vector<float>& buffer) {
  if (units.count == rows.units) return rows;
  if (!rows.unit) {
    rows.first_there = units.first;
    rows.units = units.count;
    return rows;
  }
  buffer.resize(static_cast<std::size_t>(rows.count * units.count));
  for (std::int64_t row = 0; row < rows.count; ++row) {
    std::copy_n(rows.unit + row * rows.units + units.first, units.count, buffer.data() + row * units.count);
  }
  rows.unit = buffer.data();
  rows.units = units.count;
  return rows;
}

/// The hypotheses at `places` alone.
Rows narrowed(Rows rows, std::vector<std::int64_t> const& places, std::vector<float>& buffer) {
  auto const count = static_cast<std::int64_t>(places.size());
  if (count == rows.hypotheses) return rows;
  buffer.resize(static_cast<std::size_t>(rows.count * count));
  for (std::int64_t row = 0; row < rows.count; ++row) {
    for (std::int64_t i = 0; i < count; ++i) {
      buffer[static_cast<std::size_t>(row * count + i)] =
          rows.hypothesis[row * rows.hypotheses + places[static_cast<std::size_t>(i)]];
    }
  }
  rows.hypothesis = buffer.data();
  rows.hypotheses = count;
  return rows;
}

}  // namespace

CountingPass::CountingPass(PassContext& context, MeasureSet const& measures, std::vector<std::int64_t> columns,
                           std::vector<GroupProbe>& probes, TileRun& sums, std::shared_ptr<Order> order)
    : context_(context),
      measures_(measures),
      columns_(std::move(columns)),
      probes_(probes),
      sums_(sums),
      order_(std::move(order)),
      workers_(static_cast<std::size_t>(context.config.threads), Worker(context.hypotheses)),
      end_(context.order.blocks()),
      next_look_(first_look) {}

std::int64_t CountingPass::sum(std::int64_t Worker::*count) const {
  std::int64_t own = 0;
  for (Worker const& worker : workers_) own += worker.*count;
  return comm::allreduce(context_.comm, comm::Reduction::sum, own);
}

ColumnFacts CountingPass::facts() const {
  ColumnFacts all = workers_.front().facts;
  for (std::size_t w = 1; w < workers_.size(); ++w) all.add(workers_[w].facts);
  all.merge(context_.comm);
  return all;
}

/// Reads a round of blocks, none beyond `limit`.
bool CountingPass::read_to(std::int64_t limit) {
  std::int64_t next = reading_.position + (probes_.empty() ? context_.rounds.size() : probe_round);
  next = std::min(next, limit);
  bool const looking = context_.config.epsilon > 0 && !settled_ && step_ != repeat;
  if (looking) next = std::min(next, next_look_);
  reading_.go_to(next);
  return finish_round();
}

/// Reads the blocks that are left of a round.
bool CountingPass::finish_round() {
  if (reading_.left.empty()) return true;
  std::vector<std::int64_t> const wanted = probes_.empty() ? sums_.active() : columns_;
  std::vector<std::int64_t> const places = places_in(wanted, sums_.active());
  bool const counting = step_ != repeat, summing = counting && !places.empty();
  auto const reads = [this](GroupProbe const& probe) { return step_ == test || epoch_ < probe.probe->passes(); };
  bool const there = (!summing || sums_.takes_tables()) && std::ranges::all_of(probes_, [&](GroupProbe const& probe) {
                       return !reads(probe) || probe.probe->takes_tables();
                     });
  auto const before = static_cast<std::int64_t>(reading_.left.size());
  reading_.left = context_.rounds.run(reading_.left, [&](int number, std::int64_t block) {
    auto const read = context_.reader.read(number, block, wanted, there);
    if (!read) return false;
    Worker& worker = workers_[static_cast<std::size_t>(number)];
    if (counting) {
      worker.rows += read->count;
      worker.records += static_cast<std::int64_t>(context_.order.block(block).size());
      worker.facts.update(*read, wanted);
      if (summing) sums_.update(number, narrowed(*read, places, worker.hypotheses));
    }
    for (GroupProbe& probe : probes_) {
      if (!reads(probe)) continue;
      Rows const some = narrowed(*read, probe.result.units, worker.units);
      step_ == test ? probe.probe->test(some) : probe.probe->add(some);
    }
    return true;
  });
  context_.tell(before - static_cast<std::int64_t>(reading_.left.size()));
  if (reading_.left.empty()) end_round();
  return go_on();
}

void CountingPass::end_round() {
  for (GroupProbe& probe : probes_) {
    if (step_ != test && epoch_ < probe.probe->passes()) probe.probe->step(context_.comm);
  }
  bool const looking = context_.config.epsilon > 0 && !settled_ && step_ != repeat;
  if (looking && reading_.position == next_look_ && reading_.position < end_) look();
}

void CountingPass::look() {
  Status& status = context_.status;
  status.widest = sums_.look({static_cast<int>(++looks_), reading_.position, rows(), context_.total_rows}, facts());
  status.converged = static_cast<std::int64_t>(columns_.size() - sums_.active().size());
  status.looks = looks_;
  next_look_ = static_cast<std::int64_t>(std::ceil(static_cast<double>(next_look_) * look_growth));
  settled_ = sums_.active().empty() && measures_.size() > 0;
}

/// The probes' further epochs.
bool CountingPass::train_again() {
  int epochs = 1;
  for (GroupProbe const& probe : probes_) epochs = std::max(epochs, probe.probe->passes());
  while (epoch_ < epochs) {
    while (reading_.position < trained_) {
      if (!read_to(trained_)) return false;
    }
    ++epoch_;
    reading_.position = 0;
  }
  return true;
}

bool CountingPass::solve_probes() {
  while (solved_ < static_cast<std::int64_t>(probes_.size())) {
    GroupProbe& probe = probes_[static_cast<std::size_t>(solved_)];
    FitWatch watch;
    watch.give_up = [this] { return context_.control.stopping(); };
    watch.go_on = [&](FitStatus const& fit) {
      std::ostringstream note;
      note << "solving " << probe.result.name << " of units " << probe.result.group << ": iteration " << fit.iteration
           << ", " << fit.columns << " columns left";
      if (fit.iteration > 0) note << ", gradient " << fit.gradient_norm;
      context_.status.note = note.str();
      context_.tell(0);
      return go_on();
    };
    if (!probe.probe->fit(context_.comm, watch)) return false;
    ++solved_;
  }
  context_.status.note.clear();
  return true;
}

bool CountingPass::run() {
  std::int64_t const training = context_.order.training_blocks(), all = context_.order.blocks();
  if (!finish_round()) return false;
  if (step_ == train) {
    while (reading_.position < training && !settled_) {
      if (!read_to(training)) return false;
    }
    if (settled_ && probes_.empty()) return true;
    trained_ = reading_.position;
    step_ = repeat;
    epoch_ = 1;
    reading_.position = 0;
  }
  if (step_ == repeat) {
    if (!train_again()) return false;
    step_ = solve;
  }
  if (step_ == solve) {
    if (!solve_probes()) return false;
    step_ = test;
    reading_.position = training;
    // When every score was known before: as large a share of the held-out records as has been trained on.
    if (settled_)
      end_ = training + std::min(all - training, std::max<std::int64_t>(4, (all - training) * trained_ / training));
  }
  while (reading_.position < end_ && !(settled_ && probes_.empty())) {
    if (!read_to(end_)) return false;
  }
  return true;
}

bool CountingPass::go_on() {
  return context_.go_on([this](StateWriter& state) { save(state); });
}

void CountingPass::save(StateWriter& state) {
  state.number<std::int64_t>("stage", stage_count);
  reading_.save(state);
  state.number<std::int64_t>("step", step_);
  state.number("end", end_);
  state.number("trained", trained_);
  state.number("epoch", epoch_);
  state.number("solved", solved_);
  state.number("next_look", next_look_);
  state.number("looks", looks_);
  state.number<std::int64_t>("settled", settled_);
  state.number("rows", rows());
  state.number("records", records());
  ColumnFacts const so_far = facts();
  so_far.save(state, "facts");
  if (order_) order_->save(state);
  sums_.save(state);
}

void CountingPass::load(StateReader const& state) {
  std::int64_t const all = context_.order.blocks(), training = context_.order.training_blocks();
  constexpr std::int64_t many = std::int64_t{1} << 60;
  reading_.load(state, all);
  step_ = static_cast<Step>(state.number<std::int64_t>("step", train, test));
  end_ = state.number<std::int64_t>("end", training, all);
  trained_ = state.number<std::int64_t>("trained", 0, training);
  epoch_ = state.number<std::int64_t>("epoch", 0, many);
  solved_ = state.number<std::int64_t>("solved", 0, static_cast<std::int64_t>(probes_.size()));
  next_look_ = state.number<std::int64_t>("next_look", first_look, many);
  looks_ = state.number<std::int64_t>("looks", 0, 1000);
  settled_ = state.flag("settled");
  std::int64_t const limit = step_ == train ? training : step_ == test ? end_ : trained_;
  state.expect(reading_.position <= limit && (step_ != test || reading_.position >= training), "position");
  sums_.load(state);
  if (!context_.comm.is_root()) return;  // sums over ranks are added once
  workers_.front().rows = state.number<std::int64_t>("rows", 0, many);
  workers_.front().records = state.number<std::int64_t>("records", 0, many);
  workers_.front().facts.load(state, "facts");
}

}  // namespace sonde::inspect
