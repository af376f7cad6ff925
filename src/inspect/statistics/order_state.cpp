// Order in a checkpoint: lists of the columns, from each rank as many as it has.
#include <algorithm>
#include <limits>

#include "inspect/statistics/order.hpp"

namespace sonde::inspect {
namespace {

template <class T>
using Lists = std::vector<std::vector<T>>;  // one for each column

template <class T>
void save_lists(StateWriter& state, std::string const& name, Lists<T> const& lists) {
  std::vector<std::int64_t> sizes;
  std::vector<T> items;
  for (std::vector<T> const& list : lists) {
    sizes.push_back(static_cast<std::int64_t>(list.size()));
    items.insert(items.end(), list.begin(), list.end());
  }
  state.rows(name + "/size", sizes, static_cast<std::int64_t>(sizes.size()));
  state.rows(name + "/item", items, 1);
}

/// Those that ranks first, first + step, ... wrote.
template <class T>
std::vector<Lists<T>> load_lists(StateReader const& state, std::string const& name, std::size_t columns, int first,
                                 int step) {
  auto const width = static_cast<std::int64_t>(columns);
  std::int64_t const ranks = state.count(name + "/size", width), items = state.count(name + "/item", 1);
  auto const sizes = state.rows<std::int64_t>(name + "/size", 0, ranks, width);
  std::vector<Lists<T>> all;
  std::int64_t place = 0;
  for (std::int64_t rank = 0; rank < ranks; ++rank) {
    auto const own = std::span(sizes).subspan(static_cast<std::size_t>(rank) * columns, columns);
    std::int64_t total = 0;
    for (std::int64_t const size : own) {
      state.expect(size >= 0 && size <= items - place - total, name);
      total += size;
    }
    if (rank % step == first) {
      auto const values = state.rows<T>(name + "/item", place, total, 1);
      auto next = values.begin();
      all.emplace_back();
      for (std::int64_t const size : own) {
        all.back().emplace_back(next, next + size);
        next += size;
      }
    }
    place += total;
  }
  state.expect(place == items, name);
  return all;
}

}  // namespace

Order::Order(OrderOptions const& options, StateReader const& state) : options_(options), exact_(fits(options)) {
  auto const units = static_cast<std::size_t>(options.units), hypotheses = static_cast<std::size_t>(options.hypotheses);
  classes_.resize(hypotheses);
  units_.resize(units);
  hypotheses_.resize(hypotheses);
  if (exact_) return;
  auto const of_ranks = load_lists<float>(state, "order/values", units + hypotheses, 0, 1);
  state.expect(!of_ranks.empty(), "order/values");
  Lists<float> edges = of_ranks.front();
  for (std::size_t column = 0; column < edges.size(); ++column) {
    state.expect(std::ranges::is_sorted(edges[column]), "order/values");
    (column < units ? units_[column] : hypotheses_[column - units]) = ColumnOrder::with_edges(std::move(edges[column]));
  }
  if (options.top > 0) tops_.assign(units, TopValues(top_count(options.top, options.total_rows)));
}

std::vector<ColumnOrder*> Order::columns() {
  std::vector<ColumnOrder*> columns;
  for (ColumnOrder& column : units_) columns.push_back(&column);
  for (ColumnOrder& column : hypotheses_) columns.push_back(&column);
  return columns;
}

void Order::save(StateWriter& state) {
  comm::Communicator const& comm = state.comm();
  bool const mine = !finished_ || comm.is_root();  // after finish() every rank has everything
  std::vector<ColumnOrder*> const all = columns();
  Lists<float> values(all.size()), classes(classes_.size()), tops(tops_.size());
  Lists<std::int64_t> rows(all.size());
  std::vector<float> least, most;
  for (std::size_t i = 0; i < all.size(); ++i) {
    float const infinity = std::numeric_limits<float>::infinity();
    least.push_back(all[i]->count() > 0 ? all[i]->least() : infinity);
    most.push_back(all[i]->count() > 0 ? all[i]->most() : -infinity);
    auto seen = mine ? all[i]->seen() : ColumnOrder::Seen{};
    if (!exact_) {
      seen.rows.resize(all[i]->edges().size() + 1);
      comm::allreduce(comm, comm::Reduction::sum, std::span(seen.rows));
      seen.values = all[i]->edges();
      if (!comm.is_root()) seen = {};
    }
    values[i] = std::move(seen.values);
    rows[i] = std::move(seen.rows);
  }
  comm::allreduce(comm, comm::Reduction::min, std::span(least));
  comm::allreduce(comm, comm::Reduction::max, std::span(most));
  for (std::size_t i = 0; mine && i < classes_.size(); ++i) classes[i] = classes_[i].seen();
  for (std::size_t i = 0; mine && i < tops_.size(); ++i) tops[i] = tops_[i].seen();
  state.whole("order/least", least);
  state.whole("order/most", most);
  save_lists(state, "order/values", values);
  save_lists(state, "order/rows", rows);
  save_lists(state, "order/classes", classes);
  save_lists(state, "order/tops", tops);
}

void Order::load(StateReader const& state, comm::Communicator const& comm) {
  std::vector<ColumnOrder*> const all = columns();
  int const first = comm.rank(), step = comm.size();
  auto const least = state.whole<float>("order/least", all.size()), most = state.whole<float>("order/most", all.size());
  auto const values = load_lists<float>(state, "order/values", all.size(), first, step);
  auto const rows = load_lists<std::int64_t>(state, "order/rows", all.size(), first, step);
  auto const classes = load_lists<float>(state, "order/classes", classes_.size(), first, step);
  auto const tops = load_lists<float>(state, "order/tops", tops_.size(), first, step);
  state.expect(rows.size() == values.size() && classes.size() == values.size(), "order");
  std::vector<std::int64_t> left(all.size(), options_.total_rows);
  for (std::size_t part = 0; part < values.size(); ++part) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      std::size_t const entries = exact_ ? values[part][i].size() : all[i]->edges().size() + 1;
      bool const empty = rows[part][i].empty() && !exact_;
      state.expect(empty || rows[part][i].size() == entries, "order/rows");
      for (std::int64_t const count : rows[part][i]) {
        state.expect(count >= 0 && count <= left[i], "order/rows");
        left[i] -= count;
      }
      all[i]->add({values[part][i], rows[part][i]}, least[i], most[i]);
    }
    for (std::size_t h = 0; h < classes_.size(); ++h) {
      for (float const value : classes[part][h]) classes_[h].insert(value);
    }
    for (std::size_t u = 0; u < tops_.size() && part < tops.size(); ++u) {
      for (float const value : tops[part][u]) tops_[u].insert(value);
    }
  }
}

}  // namespace sonde::inspect
