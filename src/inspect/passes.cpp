// Inspection::run(): one turn for each tile of hypotheses.
#include <algorithm>
#include <numeric>

#include "base/timer.hpp"
#include "comm/agree.hpp"
#include "comm/collectives.hpp"
#include "inspect/counting_pass.hpp"
#include "inspect/order_pass.hpp"
#include "inspect/result_state.hpp"

namespace sonde::inspect {

std::vector<GroupProbe> Inspection::make_probes() const {
  ProbeContext context;
  context.hypotheses = hypotheses_.size();
  context.memory = (config_.memory - std::min(config_.memory, bytes())) / 2;
  context.training_rows = training_rows_;
  context.control = config_.control;
  context.rng_seed = config_.order.rng_seed;
  context.threads = config_.threads;
  return make_group_probes(probes_, units_.units(), config_.grouping, context);
}

Result Inspection::empty_result() const {
  Result result;
  result.tile = comm::block_of(static_cast<std::int64_t>(units_.units().size()), comm_.rank(), comm_.size());
  result.columns = ColumnFacts(hypotheses_.size());
  result.total_rows = total_rows_;
  MeasureSet const measures(measures_, context(hypotheses_.size()));
  auto const columns = static_cast<std::size_t>(hypotheses_.size());
  for (std::size_t m = 0; m < measures.size(); ++m) {
    result.measures.push_back({measures[m].name(),
                               measures_[m],
                               measures[m].units(),
                               measures[m].description(),
                               measures[m].none(),
                               measures[m].has_error(),
                               false,
                               {},
                               std::vector<std::int64_t>(columns),
                               std::vector<std::uint8_t>(columns)});
  }
  return result;
}

/// Turn 0 is that of the probes alone, which need all hypotheses at once, when these are in several tiles.
bool Inspection::run_turn(std::int64_t turn, PassContext& context, std::vector<GroupProbe>& probes, Result& result) {
  bool const turns = tiles() > 1, alone = turns && turn == 0;
  std::int64_t const first_column = turns ? (turn - 1) * tile_columns_ : 0;
  comm::Block const tile{alone ? 0 : first_column,
                         alone ? hypotheses_.size() : std::min(tile_columns_, hypotheses_.size() - first_column)};
  std::vector<GroupProbe> none;
  std::vector<GroupProbe>& own_probes = turns && !alone ? none : probes;
  if (alone && probes.empty()) return true;
  std::vector<std::int64_t> columns(static_cast<std::size_t>(tile.count));
  std::iota(columns.begin(), columns.end(), tile.first);
  MeasureSet const measures(alone ? std::vector<std::string>{} : measures_, this->context(tile.count));

  std::int64_t stage = stage_begin;
  Pilot pilot;
  std::optional<Rows> first;  // in the buffer of worker 0
  comm::agree(comm_, [&] {
    if (from_) stage = from_->number<std::int64_t>("stage", stage_begin, stage_count);
    if (stage != stage_begin) {
      pilot = saved_pilot(*from_, units_.units().size(), columns.size());
    } else if ((first = context.reader.read(0, 0, columns))) {
      pilot = pilot_of(*first);
    }
  });
  auto const ready = static_cast<std::int32_t>(stage != stage_begin || first);
  if (comm::allreduce(comm_, comm::Reduction::min, ready) == 0) {
    context.go_on([](StateWriter& state) { state.number<std::int64_t>("stage", stage_begin); });
    return false;
  }
  std::shared_ptr<Order> order;
  if (measures.needs_order()) {
    std::unique_ptr<OrderPass> pass;
    comm::agree(comm_, [&] {
      pass = first ? std::make_unique<OrderPass>(context, measures, columns, pilot, *first)
                   : std::make_unique<OrderPass>(context, measures, columns, pilot, *from_);
    });
    if (!pass->run()) return false;
    order = pass->order();
    result.rank_error = std::max(result.rank_error, order->rank_error());
  }
  TileRun sums(config_, measures, columns, pilot, order, comm_, result.measures);
  CountingPass pass(context, measures, columns, own_probes, sums, order);
  comm::agree(comm_, [&] {
    if (stage == stage_count) pass.load(*from_);
  });
  from_ = nullptr;
  if (!pass.run()) return false;
  std::int64_t const rows = pass.rows();
  sums.finish(rows, true);
  if (measures.size() > 0 || !turns) result.columns.add(pass.facts());
  result.rows = std::max(result.rows, rows);
  result.records = std::max(result.records, pass.records());
  result.stopped_early |= pass.settled();
  return true;
}

void Inspection::save(StateWriter& state, std::int64_t turn, std::vector<GroupProbe> const& probes,
                      Result const& result) const {
  state.number("tile_columns", tile_columns_);
  state.number("turn", turn);
  state.number("status/records", status_.records);
  state.number("status/converged", status_.converged);
  state.number("status/widest", status_.widest);
  save_result(state, result);
  for (std::size_t p = 0; p < probes.size(); ++p) probes[p].probe->save(state, "probe" + std::to_string(p));
}

void Inspection::resume(StateReader const& state) {
  from_ = &state;
  tile_columns_ = state.number<std::int64_t>("tile_columns", 1, hypotheses_.size());
}

void Inspection::load(std::vector<GroupProbe>& probes, Result& result) {
  constexpr std::int64_t many = std::int64_t{1} << 60;
  status_.records = from_->number<std::int64_t>("status/records", 0, many);
  status_.converged = from_->number<std::int64_t>("status/converged", 0, hypotheses_.size());
  status_.widest = from_->whole<double>("status/widest", 1).front();
  load_result(*from_, result);
  for (std::size_t p = 0; p < probes.size(); ++p) probes[p].probe->load(*from_, "probe" + std::to_string(p), comm_);
}

Result Inspection::run(RunHooks const& hooks) {
  status_ = {};
  Result result = empty_result();
  std::vector<GroupProbe> probes = make_probes();
  std::int64_t turn = 0;
  comm::agree(comm_, [&] {
    if (!from_) return;
    turn = from_->number<std::int64_t>("turn", 0, tiles());
    load(probes, result);
  });
  RunControl control(comm_, hooks.stop, hooks.save_every);
  BlockRounds rounds(comm_, config_.threads, control);
  BlockReader reader(units_, hypotheses_, facts_, order_, config_.threads, config_.control && !probes.empty(),
                     [&] { return control.stopping(); });
  auto const tell = [&](std::int64_t blocks) {
    status_.records += std::min(blocks * config_.order.block, order_.records());
    hooks.progress(status_);
  };
  auto const go_on = [&](std::function<void(StateWriter&)> const& add) {
    RunControl::Next const next = control.next();
    if (next == RunControl::Next::go_on) return true;
    Timer timer;
    StateWriter state(comm_);
    save(state, turn, probes, result);
    add(state);
    hooks.save(state);
    control.written(timer.seconds());
    return next != RunControl::Next::stop;
  };
  PassContext context{config_, comm_, order_, hypotheses_.size(), total_rows_, reader, rounds, control,
                      status_, tell,  go_on};
  for (std::int64_t const turns = tiles() > 1 ? tiles() + 1 : 1; turn < turns; ++turn) {
    if (run_turn(turn, context, probes, result)) continue;
    result.stopped_by = control.reason();
    return result;
  }
  for (GroupProbe& probe : probes) {
    probe.result.scores = probe.probe->scores(comm_);
    result.probes.push_back(std::move(probe.result));
  }
  for (MeasureResult& measure : result.measures) {  // a rank without units has no p-values
    auto const some = static_cast<std::int32_t>(!measure.scores.p_value.empty());
    measure.has_p_value = comm::allreduce(comm_, comm::Reduction::logical_or, some) != 0;
  }
  return result;
}

}  // namespace sonde::inspect
