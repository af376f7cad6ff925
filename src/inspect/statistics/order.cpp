#include "inspect/statistics/order.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.hpp"

namespace sonde::inspect {
namespace {

/// Columns with bins from the values of a (rows, width) matrix.
std::vector<ColumnOrder> binned_columns(std::int64_t rows, std::int64_t width, float const* values) {
  std::vector<ColumnOrder> columns;
  for (std::int64_t column = 0; column < width; ++column) {
    std::vector<float> pilot;
    for (std::int64_t row = 0; row < rows; ++row) pilot.push_back(values[row * width + column]);
    columns.emplace_back(std::move(pilot));
  }
  return columns;
}

template <class Column>
void add_all(std::vector<Column>& to, std::vector<Column> const& from) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i].add(from[i]);
}

}  // namespace

std::int64_t top_count(double share, std::int64_t rows) {
  double const wanted = share * static_cast<double>(rows);
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(std::ceil(wanted - 1e-9 * wanted)), rows > 0 ? 1 : 0, rows);
}

bool Order::fits(OrderOptions const& options) {
  // Of a value itself, and of the rows before it and its cell when all are different.
  constexpr double bytes = sizeof(float) + sizeof(std::int64_t) + sizeof(std::uint32_t);
  if (options.total_rows > std::numeric_limits<std::uint32_t>::max()) return false;
  return static_cast<double>(options.total_rows) * static_cast<double>(options.units + options.hypotheses) * bytes <=
         static_cast<double>(options.memory);
}

Order::Order(OrderOptions const& options, Rows const& pilot) : options_(options), exact_(fits(options)) {
  auto const units = static_cast<std::size_t>(options.units);
  classes_.resize(static_cast<std::size_t>(options.hypotheses));
  if (exact_) {
    units_.resize(units);
    hypotheses_.resize(static_cast<std::size_t>(options.hypotheses));
    return;
  }
  EXPECT(pilot.units == options.units && pilot.hypotheses == options.hypotheses);
  units_ = binned_columns(pilot.count, pilot.units, pilot.unit);
  hypotheses_ = binned_columns(pilot.count, pilot.hypotheses, pilot.hypothesis);
  if (options.top > 0) tops_.assign(units, TopValues(top_count(options.top, options.total_rows)));
}

void Order::update(Rows const& rows) {
  EXPECT(rows.units == options_.units && rows.hypotheses == options_.hypotheses);
  auto const count = static_cast<std::size_t>(rows.count);
  // Column by column: the table of one fits the nearest cache, those of all do not.
  for (std::size_t u = 0; u < units_.size(); ++u) {
    for (std::size_t row = 0; row < count; ++row) {
      float const value = rows.unit[row * units_.size() + u];
      units_[u].insert(value);
      if (!tops_.empty()) tops_[u].insert(value);
    }
  }
  for (std::size_t h = 0; h < hypotheses_.size(); ++h) {
    for (std::size_t row = 0; row < count; ++row) {
      float const value = rows.hypothesis[row * hypotheses_.size() + h];
      hypotheses_[h].insert(value);
      classes_[h].insert(value);
    }
  }
}

void Order::add(Order const& worker) {
  add_all(units_, worker.units_);
  add_all(hypotheses_, worker.hypotheses_);
  add_all(classes_, worker.classes_);
  add_all(tops_, worker.tops_);
}

void Order::clear() {
  for (ColumnOrder& column : units_) column.clear();
  for (ColumnOrder& column : hypotheses_) column.clear();
  for (ColumnClasses& column : classes_) column.clear();
  for (TopValues& column : tops_) column.clear();
}

void Order::merge(comm::Communicator const& comm) {
  for (ColumnOrder& column : units_) column.merge(comm);
  for (ColumnOrder& column : hypotheses_) column.merge(comm);
  for (ColumnClasses& column : classes_) column.merge(comm);
  for (TopValues& column : tops_) column.merge(comm);
}

void Order::finish() {
  for (ColumnOrder& column : units_) column.finish();
  for (ColumnOrder& column : hypotheses_) column.finish();
  for (TopValues& column : tops_) column.finish();
  finished_ = true;
}

float Order::top_value(std::int64_t u, double top) const {
  std::int64_t const k = top_count(top, unit(u).count());
  return exact_ ? unit(u).largest(k) : tops_[static_cast<std::size_t>(u)].largest(k);
}

double Order::rank_error() const {
  double largest = 0;
  for (ColumnOrder const& column : units_) largest = std::max(largest, column.rank_error());
  return largest;
}

}  // namespace sonde::inspect
