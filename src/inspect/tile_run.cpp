#include "inspect/tile_run.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "comm/collectives.hpp"
#include "inspect/statistics/uncertainty.hpp"

namespace sonde::inspect {
namespace {

/// Occurrences below which the spread between blocks says little about a rare hypothesis.
constexpr std::int64_t least_support = 30;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Of columns of a row-major matrix; NaN (not annotated) is passed over.
std::vector<double> means(float const* values, std::int64_t rows, std::int64_t columns) {
  std::vector<double> result(static_cast<std::size_t>(columns));
  for (std::int64_t column = 0; column < columns; ++column) {
    double sum = 0;
    std::int64_t count = 0;
    for (std::int64_t row = 0; row < rows; ++row) {
      float const value = values[row * columns + column];
      if (std::isnan(value)) continue;
      sum += static_cast<double>(value);
      ++count;
    }
    result[static_cast<std::size_t>(column)] = count > 0 ? sum / static_cast<double>(count) : 0;
  }
  return result;
}

bool supported(ColumnFacts const& facts, std::size_t column) {
  std::int64_t const other = facts.annotated[column] - facts.support[column];
  return !facts.constant(static_cast<std::int64_t>(column)) && facts.support[column] >= least_support &&
         (other == 0 || other >= least_support);
}

/// values (tile units, all hypotheses) takes the columns `to` from scores (tile units, active).
void copy_columns(std::vector<double> const& scores, std::size_t active, std::vector<std::int64_t> const& from,
                  std::vector<std::int64_t> const& to, std::vector<double>& values, std::size_t all) {
  if (scores.empty()) return;
  std::size_t const units = scores.size() / active;
  if (values.empty()) values.assign(units * all, nan);
  for (std::size_t unit = 0; unit < units; ++unit) {
    for (std::size_t i = 0; i < from.size(); ++i) {
      values[unit * all + static_cast<std::size_t>(to[i])] = scores[unit * active + static_cast<std::size_t>(from[i])];
    }
  }
}

}  // namespace

Pilot pilot_of(Rows const& rows) {
  return {means(rows.unit, rows.count, rows.units), means(rows.hypothesis, rows.count, rows.hypotheses)};
}

void save_pilot(StateWriter& state, Pilot const& pilot) {
  state.whole("pilot/units", pilot.unit_mean);
  state.whole("pilot/hypotheses", pilot.hypothesis_mean);
}

Pilot saved_pilot(StateReader const& state, std::size_t units, std::size_t columns) {
  return {state.whole<double>("pilot/units", units), state.whole<double>("pilot/hypotheses", columns)};
}

TileRun::TileRun(Config const& config, MeasureSet const& measures, std::vector<std::int64_t> columns, Pilot pilot,
                 std::shared_ptr<Order const> order, comm::Communicator const& comm,
                 std::vector<MeasureResult>& results)
    : config_(config),
      measures_(measures),
      comm_(comm),
      pilot_(std::move(pilot)),
      order_(std::move(order)),
      columns_(std::move(columns)),
      active_(columns_),
      kept_(columns_.size()),
      results_(results),
      units_(static_cast<std::int64_t>(pilot_.unit_mean.size())),
      tile_(comm::block_of(units_, comm.rank(), comm.size())) {
  std::iota(kept_.begin(), kept_.end(), std::int64_t{0});
  for (int worker = 0; worker < config_.threads; ++worker) {
    workers_.push_back(measures_.make_statistics(pilot_, order_));
  }
}

void TileRun::update(int worker, Rows const& rows) { workers_[static_cast<std::size_t>(worker)].update(rows); }

/// Pair arrays hold this rank's tile of units, vectors everything.
Statistics TileRun::reduced() {
  Statistics total = measures_.make_statistics(pilot_, order_);
  total.retain(kept_);
  std::vector<Sums> const sums = total.sums();
  for (Statistics& worker : workers_) {
    std::vector<Sums> const parts = worker.sums();
    for (std::size_t i = 0; i < sums.size(); ++i) {
      std::ranges::transform(sums[i].values, parts[i].values, sums[i].values.begin(), std::plus<>());
    }
  }
  for (Sums const& array : sums) {
    if (array.extent == Extent::pair) {
      comm::reduce_scatter(comm_, array.values, units_, array.width);
    } else {
      comm::allreduce(comm_, comm::Reduction::sum, array.values);
    }
  }
  return total;
}

void TileRun::save(StateWriter& state) {
  save_pilot(state, pilot_);
  state.whole("active", active_);
  if (active_.empty()) return;
  Statistics total = reduced();
  int number = 0;
  for (Sums const& sums : total.sums()) {
    std::string const name = "sums" + std::to_string(number++);
    std::span<double const> const values = sums.values;
    if (sums.extent == Extent::pair) {
      auto const first = static_cast<std::size_t>(tile_.first * sums.width);
      state.rows(name, values.subspan(first, static_cast<std::size_t>(tile_.count * sums.width)), sums.width);
    } else {
      state.whole(name, values);
    }
  }
}

/// Ranks add up what their workers hold: each takes its tile of pairs, and the first what is not of pairs.
void TileRun::load(StateReader const& state) {
  std::vector<std::int64_t> const active = state.whole<std::int64_t>("active");
  std::vector<std::int64_t> places;
  for (std::int64_t const column : active) {
    auto const found = std::ranges::lower_bound(columns_, column);
    state.expect(found != columns_.end() && *found == column, "active");
    places.push_back(found - columns_.begin());
    state.expect(places.size() == 1 || places[places.size() - 2] < places.back(), "active");
  }
  retain(places);
  if (active_.empty()) return;
  int number = 0;
  for (Sums const& sums : workers_.front().sums()) {
    std::string const name = "sums" + std::to_string(number++);
    if (sums.extent == Extent::pair) {
      state.expect(state.count(name, sums.width) == units_, name);
      auto const tile = state.rows<double>(name, tile_.first, tile_.count, sums.width);
      std::ranges::copy(tile, sums.values.begin() + tile_.first * sums.width);
    } else {
      auto const values = state.whole<double>(name, sums.values.size());
      if (comm_.is_root()) std::ranges::copy(values, sums.values.begin());
    }
  }
}

double TileRun::look(Look const& look, ColumnFacts const& facts) {
  Statistics const total = reduced();
  std::vector<Scores> scores;
  for (std::size_t m = 0; m < measures_.size(); ++m) scores.push_back(measures_[m].finalize(total, tile_));

  HalfWidth half_width(look.rows, look.total_rows, config_.confidence, look.number);
  std::size_t const active = active_.size();
  std::vector<double> widest(active, -1);  // of a column; -1: no score is defined
  for (Scores const& measure : scores) {
    for (std::size_t i = 0; i < measure.stderr_.size(); ++i) {
      if (std::isnan(measure.value[i])) continue;
      double const width = half_width(measure.stderr_[i], measure.degrees[i]);
      widest[i % active] =
          std::max(widest[i % active], std::isnan(width) ? std::numeric_limits<double>::infinity() : width);
    }
  }
  comm::allreduce(comm_, comm::Reduction::max, std::span(widest));

  std::vector<std::int64_t> settled, kept;
  double least_certain = 0;
  for (std::size_t i = 0; i < active; ++i) {
    bool const known =
        widest[i] >= 0 && widest[i] <= config_.epsilon && supported(facts, static_cast<std::size_t>(active_[i]));
    (known ? settled : kept).push_back(static_cast<std::int64_t>(i));
    if (!known) least_certain = std::max(least_certain, widest[i] < 0 ? 1 : widest[i]);
  }
  if (!settled.empty()) {
    settle(scores, settled, look.rows, true);
    retain(kept);
  }
  return least_certain;
}

void TileRun::finish(std::int64_t rows, bool complete) {
  if (active_.empty()) return;
  Statistics const total = reduced();
  std::vector<Scores> scores;
  for (std::size_t m = 0; m < measures_.size(); ++m) scores.push_back(measures_[m].finalize(total, tile_));
  std::vector<std::int64_t> places(active_.size());
  std::iota(places.begin(), places.end(), std::int64_t{0});
  settle(scores, places, rows, complete);
  retain({});
}

void TileRun::settle(std::vector<Scores> const& scores, std::vector<std::int64_t> const& places, std::int64_t rows,
                     bool converged) {
  std::vector<std::int64_t> to;
  for (std::int64_t place : places) to.push_back(active_[static_cast<std::size_t>(place)]);
  std::size_t const active = active_.size();
  for (std::size_t m = 0; m < scores.size(); ++m) {
    MeasureResult& result = results_[m];
    std::size_t const all = result.rows.size();
    copy_columns(scores[m].value, active, places, to, result.scores.value, all);
    copy_columns(scores[m].stderr_, active, places, to, result.scores.stderr_, all);
    copy_columns(scores[m].p_value, active, places, to, result.scores.p_value, all);
    for (std::size_t p = 0; p < scores[m].parts.size(); ++p) {
      ScorePart const& part = scores[m].parts[p];
      if (result.scores.parts.size() <= p) {
        result.scores.parts.push_back({part.name, part.units, part.description, {}});
      }
      copy_columns(part.values, active, places, to, result.scores.parts[p].values, all);
    }
    for (std::int64_t column : to) {
      result.rows[static_cast<std::size_t>(column)] = rows;
      result.converged[static_cast<std::size_t>(column)] = converged ? 1 : 0;
    }
  }
}

void TileRun::retain(std::vector<std::int64_t> const& places) {
  std::vector<std::int64_t> active, kept;
  for (std::int64_t place : places) {
    active.push_back(active_[static_cast<std::size_t>(place)]);
    kept.push_back(kept_[static_cast<std::size_t>(place)]);
  }
  for (Statistics& worker : workers_) worker.retain(places);
  active_ = std::move(active);
  kept_ = std::move(kept);
}

}  // namespace sonde::inspect
