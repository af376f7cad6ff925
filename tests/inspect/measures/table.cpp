#include "table.hpp"

#include <stdexcept>

#include "comm/collectives.hpp"
#include "harness/shared_data.hpp"
#include "io/h5.hpp"

namespace sonde::inspect::test {

Rows Table::block(std::int64_t first, std::int64_t count) const {
  return {count,
          units,
          hypotheses,
          unit.data() + first * units,
          hypothesis.data() + first * hypotheses,
          record.data() + first};
}

Table Table::keep(std::vector<std::int64_t> const& kept) const {
  Table table{units, static_cast<std::int64_t>(kept.size()), unit, {}, record};
  for (std::int64_t row = 0; row < rows(); ++row) {
    for (std::int64_t h : kept) table.hypothesis.push_back(y(row, h));
  }
  return table;
}

Table golden_table() {
  auto const file = io::H5File::open(sonde::test::shared_path("golden/measures.h5").string());
  Table table;
  table.units = file.dataset("units").row_elements();
  table.hypotheses = file.dataset("hypotheses").row_elements();
  table.unit = file.read<float>("units");
  table.hypothesis = file.read<float>("hypotheses");
  table.record = file.read<std::int64_t>("record");
  return table;
}

std::vector<comm::Block> record_blocks(Table const& table, std::int64_t least) {
  std::vector<comm::Block> blocks;
  for (std::int64_t first = 0; first < table.rows();) {
    std::int64_t end = first + 1;
    while (end < table.rows() && (end - first < least || table.record[end] == table.record[end - 1])) ++end;
    blocks.push_back({first, end - first});
    first = end;
  }
  return blocks;
}

namespace {

/// Calls `update` with the blocks of a worker.
template <class Update>
void deal(Table const& table, Way const& way, std::int64_t worker, Update&& update) {
  auto const blocks = record_blocks(table, way.block_rows);
  std::int64_t const all = way.workers * way.comm.size(), me = way.comm.rank() * way.workers + worker;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (static_cast<std::int64_t>(i) % all == me) update(table.block(blocks[i].first, blocks[i].count));
  }
  update(table.block(0, 0));
}

Pilot pilot_of(Table const& table, std::int64_t rows) {
  Pilot pilot;
  for (std::int64_t u = 0; u < table.units; ++u) {
    double sum = 0;
    for (std::int64_t row = 0; row < rows; ++row) sum += table.x(row, u);
    pilot.unit_mean.push_back(sum / static_cast<double>(rows));
  }
  for (std::int64_t h = 0; h < table.hypotheses; ++h) {
    double sum = 0;
    for (std::int64_t row = 0; row < rows; ++row) sum += table.y(row, h);
    pilot.hypothesis_mean.push_back(sum / static_cast<double>(rows));
  }
  return pilot;
}

std::shared_ptr<Order const> order_of(MeasureSet const& set, Table const& table, Way const& way, Rows const& pilot) {
  std::shared_ptr<Order> merged = set.make_order(pilot, way.memory);
  for (std::int64_t worker = 0; worker < way.workers; ++worker) {
    auto order = set.make_order(pilot, way.memory);
    deal(table, way, worker, [&](Rows const& rows) { order->update(rows); });
    merged->add(*order);
  }
  merged->merge(way.comm);
  merged->finish();
  return merged;
}

}  // namespace

std::vector<Scores> score(std::vector<std::string> const& measures, Table const& table, Way const& way) {
  MeasureSet const set(measures, {table.units, table.hypotheses, way.partial, table.rows()});
  comm::Block const first = record_blocks(table, way.block_rows).front();
  Pilot const pilot = pilot_of(table, first.count);
  std::shared_ptr<Order const> order;
  if (set.needs_order()) order = order_of(set, table, way, table.block(first.first, first.count));
  Statistics total = set.make_statistics(pilot, order);
  for (std::int64_t worker = 0; worker < way.workers; ++worker) {
    Statistics own = set.make_statistics(pilot, order);
    deal(table, way, worker, [&](Rows const& rows) { own.update(rows); });
    auto to = total.sums(), from = own.sums();
    for (std::size_t i = 0; i < to.size(); ++i) {
      for (std::size_t j = 0; j < to[i].values.size(); ++j) to[i].values[j] += from[i].values[j];
    }
  }
  for (Sums& sums : total.sums()) comm::allreduce(way.comm, comm::Reduction::sum, sums.values);
  std::vector<Scores> scores;
  for (std::size_t i = 0; i < set.size(); ++i) scores.push_back(set[i].finalize(total, {0, table.units}));
  return scores;
}

std::vector<double> const& part(Scores const& scores, std::string const& name) {
  for (ScorePart const& found : scores.parts) {
    if (found.name == name) return found.values;
  }
  throw std::logic_error("no part " + name);
}

}  // namespace sonde::inspect::test
