// Inspection::run(): the passes over the records.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>

#include "base/registry.hpp"
#include "comm/agree.hpp"
#include "comm/collectives.hpp"
#include "inspect/block_reader.hpp"
#include "inspect/run.hpp"
#include "inspect/tile_run.hpp"
#include "nn/worker_pool.hpp"

namespace sonde::inspect {
namespace {

/// Blocks between two steps of the probes: one global mini-batch, whatever the number of ranks.
constexpr std::int64_t probe_round = 8;
/// Blocks of each worker between two checks that no rank has failed.
constexpr std::int64_t worker_round = 32;
/// The first look: an interval from fewer blocks is too uncertain itself.
constexpr std::int64_t first_look = 24;
constexpr double look_growth = 1.4;

std::vector<std::int64_t> numbers(comm::Block block) {
  std::vector<std::int64_t> result(static_cast<std::size_t>(block.count));
  std::iota(result.begin(), result.end(), block.first);
  return result;
}

/// Where each of `some` stands in `all`, both ascending.
std::vector<std::int64_t> places_in(std::vector<std::int64_t> const& all, std::vector<std::int64_t> const& some) {
  std::vector<std::int64_t> places;
  for (std::int64_t item : some) places.push_back(std::ranges::lower_bound(all, item) - all.begin());
  return places;
}

/// The units [units.first, units.first + units.count) alone.
Rows narrowed(Rows rows, comm::Block units, std::vector<float>& buffer) {
  if (units.count == rows.units) return rows;
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

/// A joint probe and the units it may use.
struct Inspection::Probe {
  ProbeResult result;
  std::unique_ptr<JointProbe> probe;
};

std::vector<Inspection::Probe> Inspection::make_probes() const {
  std::vector<Probe> probes;
  std::vector<UnitName> const& names = units_.units();
  auto const same_group = [&](UnitName const& a, UnitName const& b) {
    if (config_.grouping == Grouping::all) return true;
    return a.model == b.model && (config_.grouping == Grouping::model || a.layer == b.layer);
  };
  std::size_t const room = config_.memory - std::min(config_.memory, bytes());
  std::size_t first = 0;
  std::vector<ProbeResult> groups;
  for (std::size_t i = 1; i <= names.size(); ++i) {
    if (i < names.size() && same_group(names[first], names[i])) continue;
    std::string name = "all";
    if (config_.grouping != Grouping::all) name = std::to_string(names[first].model);
    if (config_.grouping == Grouping::layer) name += ':' + names[first].layer;
    groups.push_back(
        {0, {}, {}, {}, name, {static_cast<std::int64_t>(first), static_cast<std::int64_t>(i - first)}, {}});
    first = i;
  }
  std::map<std::string, int> uses;
  for (std::size_t i = 0; i < probes_.size(); ++i) {
    std::string const name = unique_name(probes_[i].substr(0, probes_[i].find(':')), uses);
    for (ProbeResult const& group : groups) {
      ProbeContext context;
      context.units = group.units.count;
      context.hypotheses = hypotheses_.size();
      context.memory = room / 2 / (probes_.size() * groups.size());
      context.training_rows = training_rows_;
      context.control = config_.control;
      context.rng_seed = config_.order.rng_seed;
      context.threads = config_.threads;
      Probe probe{group, make_probe(probes_[i], context)};
      probe.result.probe = i;
      probe.result.name = name;
      probe.result.definition = probes_[i];
      probe.result.description = probe.probe->description();
      probes.push_back(std::move(probe));
    }
  }
  return probes;
}

void Inspection::run_blocks(comm::Block blocks, std::function<void(int, std::int64_t)> const& work) const {
  std::int64_t const ranks = comm_.size(), rank = comm_.rank();
  std::int64_t const own = (blocks.count - rank + ranks - 1) / ranks;  // every ranks-th block
  comm::agree(comm_, [&] {
    nn::for_items(config_.threads, {0, std::max<std::int64_t>(own, 0)},
                  [&](int worker, std::int64_t i) { work(worker, blocks.first + rank + i * ranks); });
  });
}

void Inspection::tell(std::int64_t blocks) {
  status_.records += std::min(blocks * config_.order.block, order_.records());
  if (progress_) progress_(status_);
}

std::shared_ptr<Order const> Inspection::read_order(MeasureSet const& measures,
                                                    std::vector<std::int64_t> const& columns, Rows const& first,
                                                    BlockReader& reader) {
  if (!measures.needs_order()) return nullptr;
  std::vector<std::unique_ptr<Order>> workers;
  for (int worker = 0; worker < config_.threads; ++worker) {
    workers.push_back(measures.make_order(first, config_.memory / 4));
  }
  std::int64_t const step = worker_round * config_.threads * comm_.size();
  for (std::int64_t block = 0; block < order_.blocks(); block += step) {
    run_blocks({block, std::min(step, order_.blocks() - block)}, [&](int worker, std::int64_t number) {
      workers[static_cast<std::size_t>(worker)]->update(reader.read(worker, number, columns));
    });
    tell(std::min(step, order_.blocks() - block));
  }
  for (std::size_t worker = 1; worker < workers.size(); ++worker) workers.front()->add(*workers[worker]);
  workers.front()->merge(comm_);
  workers.front()->finish();
  return std::move(workers.front());
}

void Inspection::run_tile(comm::Block tile, std::vector<std::string> const& texts, std::vector<Probe>& probes,
                          BlockReader& reader, Result& result) {
  std::vector<std::int64_t> const columns = numbers(tile);
  MeasureSet const measures(texts, context(tile.count));
  bool const probing = !probes.empty();
  Rows first;  // in the buffer of worker 0
  comm::agree(comm_, [&] { first = reader.read(0, 0, columns); });
  Pilot const pilot = pilot_of(first);
  std::shared_ptr<Order const> const order = read_order(measures, columns, first, reader);
  TileRun sums(config_, measures, columns, pilot, order, comm_, result.measures);

  std::vector<ColumnFacts> facts(static_cast<std::size_t>(config_.threads), ColumnFacts(hypotheses_.size()));
  std::vector<std::vector<float>> hypothesis_buffers(facts.size()), unit_buffers(facts.size());
  std::atomic<std::int64_t> rows{0}, records{0};  // of this rank
  std::int64_t position = 0, end = order_.blocks(), next_look = first_look;
  int looks = 0;
  bool stopped = false;
  auto const training = [&] { return position < order_.training_blocks(); };
  // `counting`: not for further epochs of a probe
  auto const round = [&](std::int64_t next, bool counting) {
    std::vector<std::int64_t> const wanted = probing ? columns : sums.active();
    std::vector<std::int64_t> const places = places_in(wanted, sums.active());
    bool const train = training();
    run_blocks({position, next - position}, [&](int worker, std::int64_t block) {
      auto const w = static_cast<std::size_t>(worker);
      Rows const read = reader.read(worker, block, wanted);
      if (counting) {
        rows += read.count;
        records += static_cast<std::int64_t>(order_.block(block).size());
        facts[w].update(read, wanted);
        if (!places.empty()) sums.update(worker, narrowed(read, places, hypothesis_buffers[w]));
      }
      for (Probe& probe : probes) {
        Rows const some = narrowed(read, probe.result.units, unit_buffers[w]);
        train ? probe.probe->add(some) : probe.probe->test(some);
      }
    });
    for (Probe& probe : probes) {
      if (train) probe.probe->step(comm_);
    }
    tell(next - position);
    position = next;
  };
  auto const merged_facts = [&] {
    ColumnFacts all = facts.front();
    for (std::size_t w = 1; w < facts.size(); ++w) all.add(facts[w]);
    all.merge(comm_);
    return all;
  };
  auto const rows_of_all = [&] { return comm::allreduce(comm_, comm::Reduction::sum, rows.load()); };
  auto const finish_training = [&] {
    int passes = 1;
    for (Probe const& probe : probes) passes = std::max(passes, probe.probe->passes());
    for (int pass = 1; pass < passes; ++pass) {
      std::int64_t const trained = position;
      position = 0;
      while (position < trained) round(std::min(position + probe_round, trained), false);
    }
    for (Probe& probe : probes) probe.probe->fit(comm_);
  };

  std::int64_t const step = probing ? probe_round : worker_round * config_.threads * comm_.size();
  while (position < end) {
    bool const train = training();
    std::int64_t next = std::min(position + step, train ? std::min(end, order_.training_blocks()) : end);
    if (config_.epsilon > 0 && !stopped) next = std::min(next, next_look);
    round(next, true);
    if (config_.epsilon > 0 && position == next_look && position < end && !stopped && !sums.active().empty()) {
      status_.widest = sums.look({++looks, position, rows_of_all(), total_rows_}, merged_facts());
      status_.converged = tile.count - static_cast<std::int64_t>(sums.active().size());
      next_look = static_cast<std::int64_t>(std::ceil(static_cast<double>(next_look) * look_growth));
    }
    if (sums.active().empty() && measures.size() > 0 && !stopped) {
      stopped = true;
      if (!probing) break;
      if (train) {  // what was trained on is held out in proportion
        finish_training();
        std::int64_t const held_out = order_.blocks() - order_.training_blocks();
        end = order_.training_blocks() +
              std::min(held_out, std::max<std::int64_t>(4, held_out * position / order_.training_blocks()));
        position = order_.training_blocks();
        continue;
      }
    }
    if (train && !training()) finish_training();
  }

  sums.finish(rows_of_all(), true);
  if (measures.size() > 0 || tiles() == 1) result.columns.add(merged_facts());
  result.rows = std::max(result.rows, rows_of_all());
  result.records = std::max(result.records, comm::allreduce(comm_, comm::Reduction::sum, records.load()));
  result.stopped_early |= stopped;
  for (Probe& probe : probes) probe.result.scores = probe.probe->scores(comm_);
}

Result Inspection::run(std::function<void(Status const&)> const& progress) {
  progress_ = progress;
  status_ = {};
  Result result;
  result.tile = comm::block_of(static_cast<std::int64_t>(units_.units().size()), comm_.rank(), comm_.size());
  result.columns = ColumnFacts(hypotheses_.size());
  result.total_rows = total_rows_;
  MeasureSet const measures(measures_, context(hypotheses_.size()));
  auto const columns = static_cast<std::size_t>(hypotheses_.size());
  std::map<std::string, int> uses;
  for (std::size_t m = 0; m < measures.size(); ++m) {
    result.measures.push_back({unique_name(measures[m].name(), uses),
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
  BlockReader reader(units_, hypotheses_, facts_, order_, config_.threads, config_.control && !probes_.empty());
  std::vector<Probe> probes = make_probes(), none;
  if (tiles() > 1 && !probes.empty()) {  // probes need all hypotheses at once
    run_tile({0, hypotheses_.size()}, {}, probes, reader, result);
  }
  for (std::int64_t first = 0; first < hypotheses_.size(); first += tile_columns_) {
    comm::Block const tile{first, std::min(tile_columns_, hypotheses_.size() - first)};
    run_tile(tile, measures_, tiles() > 1 ? none : probes, reader, result);
  }
  for (Probe& probe : probes) result.probes.push_back(std::move(probe.result));
  for (MeasureResult& measure : result.measures) {  // a rank without units has no p-values
    auto const some = static_cast<std::int32_t>(!measure.scores.p_value.empty());
    measure.has_p_value = comm::allreduce(comm_, comm::Reduction::logical_or, some) != 0;
  }
  return result;
}

}  // namespace sonde::inspect
