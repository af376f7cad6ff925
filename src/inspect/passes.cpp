// Inspection::run(): the passes over the records.
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

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
    std::string name = probes_[i].substr(0, probes_[i].find(':'));
    int const use = ++uses[name];
    if (use > 1) name += '-' + std::to_string(use);
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

/// One pass over the records for the hypotheses of a tile: rounds of blocks between which probes step, scores are
/// looked at, and failures of other ranks are heard of.
class Inspection::Pass {
 public:
  Pass(Inspection& inspection, MeasureSet const& measures, std::vector<std::int64_t> columns,
       std::vector<Probe>& probes, BlockReader& reader, TileRun& sums)
      : inspection_(inspection),
        config_(inspection.config_),
        comm_(inspection.comm_),
        order_(inspection.order_),
        measures_(measures),
        columns_(std::move(columns)),
        probes_(probes),
        reader_(reader),
        sums_(sums),
        workers_(static_cast<std::size_t>(config_.threads), Worker(inspection.hypotheses_.size())),
        end_(order_.blocks()) {}

  void run();

  bool stopped() const { return stopped_; }
  /// Of what all ranks have read. Collective.
  ColumnFacts facts() const;
  std::int64_t rows() const { return sum(&Worker::rows); }
  std::int64_t records() const { return sum(&Worker::records); }

 private:
  struct Worker {
    explicit Worker(std::int64_t columns) : facts(columns) {}
    ColumnFacts facts;
    std::int64_t rows = 0, records = 0;
    std::vector<float> hypotheses, units;  // buffers of narrowed()
  };

  bool training() const { return position_ < order_.training_blocks(); }
  std::int64_t sum(std::int64_t Worker::*count) const;
  void read_to(std::int64_t next, bool counting);
  void look();
  void finish_training();
  void shorten_test();

  Inspection& inspection_;
  Config const& config_;
  comm::Communicator const& comm_;
  ScanOrder const& order_;
  MeasureSet const& measures_;
  std::vector<std::int64_t> columns_;  // places among all hypotheses
  std::vector<Probe>& probes_;
  BlockReader& reader_;
  TileRun& sums_;
  std::vector<Worker> workers_;
  std::int64_t position_ = 0, end_;  // blocks
  std::int64_t next_look_ = first_look;
  int looks_ = 0;
  bool stopped_ = false;  // every score is known to epsilon
};

std::int64_t Inspection::Pass::sum(std::int64_t Worker::*count) const {
  std::int64_t own = 0;
  for (Worker const& worker : workers_) own += worker.*count;
  return comm::allreduce(comm_, comm::Reduction::sum, own);
}

ColumnFacts Inspection::Pass::facts() const {
  ColumnFacts all = workers_.front().facts;
  for (std::size_t w = 1; w < workers_.size(); ++w) all.add(workers_[w].facts);
  all.merge(comm_);
  return all;
}

/// Reads the blocks up to `next`, all for training or all for testing. Not `counting`: a further epoch of the probes.
void Inspection::Pass::read_to(std::int64_t next, bool counting) {
  std::vector<std::int64_t> const wanted = probes_.empty() ? sums_.active() : columns_;
  std::vector<std::int64_t> const places = places_in(wanted, sums_.active());
  bool const train = training();
  inspection_.run_blocks({position_, next - position_}, [&](int number, std::int64_t block) {
    Worker& worker = workers_[static_cast<std::size_t>(number)];
    Rows const read = reader_.read(number, block, wanted);
    if (counting) {
      worker.rows += read.count;
      worker.records += static_cast<std::int64_t>(order_.block(block).size());
      worker.facts.update(read, wanted);
      if (!places.empty()) sums_.update(number, narrowed(read, places, worker.hypotheses));
    }
    for (Probe& probe : probes_) {
      Rows const some = narrowed(read, probe.result.units, worker.units);
      train ? probe.probe->add(some) : probe.probe->test(some);
    }
  });
  for (Probe& probe : probes_) {
    if (train) probe.probe->step(comm_);
  }
  inspection_.tell(next - position_);
  position_ = next;
}

void Inspection::Pass::look() {
  Status& status = inspection_.status_;
  status.widest = sums_.look({++looks_, position_, rows(), inspection_.total_rows_}, facts());
  status.converged = static_cast<std::int64_t>(columns_.size() - sums_.active().size());
  next_look_ = static_cast<std::int64_t>(std::ceil(static_cast<double>(next_look_) * look_growth));
  stopped_ = sums_.active().empty() && measures_.size() > 0;
}

/// The probes' further epochs over what has been read, and their solution.
void Inspection::Pass::finish_training() {
  int epochs = 1;
  for (Probe const& probe : probes_) epochs = std::max(epochs, probe.probe->passes());
  std::int64_t const trained = position_;
  for (int epoch = 1; epoch < epochs; ++epoch) {
    position_ = 0;
    while (position_ < trained) read_to(std::min(position_ + probe_round, trained), false);
  }
  for (Probe& probe : probes_) probe.probe->fit(comm_);
}

/// Goes on with the held-out records: as large a share of them as has been trained on.
void Inspection::Pass::shorten_test() {
  std::int64_t const trained = position_, all = order_.training_blocks(), held_out = order_.blocks() - all;
  end_ = all + std::min(held_out, std::max<std::int64_t>(4, held_out * trained / all));
  position_ = all;
}

void Inspection::Pass::run() {
  std::int64_t const step = probes_.empty() ? worker_round * config_.threads * comm_.size() : probe_round;
  while (position_ < end_) {
    bool const train = training(), looking = config_.epsilon > 0 && !stopped_;
    std::int64_t next = std::min(position_ + step, train ? order_.training_blocks() : end_);
    if (looking) next = std::min(next, next_look_);
    read_to(next, true);
    if (looking && position_ == next_look_ && position_ < end_) look();
    if (stopped_ && probes_.empty()) return;
    bool const trained = train && (stopped_ || !training());
    if (!trained) continue;
    finish_training();
    if (stopped_) shorten_test();
  }
}

void Inspection::run_tile(comm::Block tile, std::vector<std::string> const& texts, std::vector<Probe>& probes,
                          BlockReader& reader, Result& result) {
  std::vector<std::int64_t> const columns = numbers(tile);
  MeasureSet const measures(texts, context(tile.count));
  Rows first;  // in the buffer of worker 0
  comm::agree(comm_, [&] { first = reader.read(0, 0, columns); });
  Pilot const pilot = pilot_of(first);
  std::shared_ptr<Order const> const order = read_order(measures, columns, first, reader);
  if (order) result.rank_error = std::max(result.rank_error, order->rank_error());
  TileRun sums(config_, measures, columns, pilot, order, comm_, result.measures);
  Pass pass(*this, measures, columns, probes, reader, sums);
  pass.run();
  std::int64_t const rows = pass.rows();
  sums.finish(rows, true);
  if (measures.size() > 0 || tiles() == 1) result.columns.add(pass.facts());
  result.rows = std::max(result.rows, rows);
  result.records = std::max(result.records, pass.records());
  result.stopped_early |= pass.stopped();
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
