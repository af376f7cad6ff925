#include "nn/behaviors.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace sonde::nn {
namespace {

backend::UnitReduction unit_reduction(Reduce reduce) {
  if (reduce == Reduce::max) return backend::UnitReduction::maximum;
  return reduce == Reduce::scaled ? backend::UnitReduction::scaled_mean : backend::UnitReduction::mean;
}

}  // namespace

Behaviors::Behaviors(Network const& network, std::vector<std::string> const& units, Reduce reduce)
    : network_(network), reduce_(reduce) {
  for (std::string const& text : units) {
    for (UnitGroup const& group : parse_units(text, network)) add(group);
  }
  if (reduce_ == Reduce::map) set_positions();
}

void Behaviors::add(UnitGroup const& group) {
  for (UnitGroup const& other : groups_) {
    bool const apart = other.node != group.node || other.first + other.count <= group.first ||
                       group.first + group.count <= other.first;
    VALIDATE(apart,
             "--units: units of layer " << group.layer << " are named twice (a column stands once). Remove one.");
  }
  groups_.push_back(group);
  units_ += group.count;
}

void Behaviors::set_positions() {
  for (UnitGroup const& group : groups_) {
    Shape positions = node_shape(group);
    if (!positions.empty()) positions.pop_back();
    if (&group == &groups_.front()) positions_ = positions;
    VALIDATE(positions == positions_, "--reduce map: layer "
                                          << group.layer << " has maps of " << sonde::to_string(positions) << " but "
                                          << groups_.front().layer << " of " << sonde::to_string(positions_)
                                          << " (they share one array). Extract them one by one.");
  }
}

Shape const& Behaviors::node_shape(UnitGroup const& group) const {
  return network_.file().nodes[static_cast<std::size_t>(group.node)].shape;
}

std::vector<int> Behaviors::nodes() const {
  std::vector<int> nodes;
  for (UnitGroup const& group : groups_) nodes.push_back(group.node);
  return nodes;
}

Shape Behaviors::row_shape() const {
  Shape shape = positions_;
  shape.push_back(units_);
  return shape;
}

std::size_t Behaviors::scratch(std::int64_t batch) const {
  std::int64_t widest = 0;
  for (UnitGroup const& group : groups_) widest = std::max(widest, unit_count(node_shape(group)));
  return static_cast<std::size_t>(batch * volume(positions_) * widest);
}

void Behaviors::values(Runner& runner, std::int64_t batch, std::int64_t count, float* scratch, float* rows) const {
  std::int64_t const positions = volume(positions_);
  std::int64_t column = 0;
  for (UnitGroup const& group : groups_) {
    if (reduce_ == Reduce::map) {
      runner.node_values(batch, group.node, scratch);
    } else {
      runner.node_unit_values(batch, group.node, unit_reduction(reduce_), scratch);
    }
    std::int64_t const width = unit_count(node_shape(group));
    for (std::int64_t p = 0; p < count * positions; ++p) {
      std::copy_n(scratch + p * width + group.first, group.count, rows + p * units_ + column);
    }
    column += group.count;
  }
}

void Behaviors::put(Runner& runner, std::int64_t batch, std::int64_t count, backend::UnitTable& table,
                    std::int64_t to_row, std::int64_t to_column) const {
  for (UnitGroup const& group : groups_) {
    float const* const from = reduce_ == Reduce::map ? runner.rows_of_node(batch, group.node)
                                                     : runner.rows_of_units(batch, group.node, unit_reduction(reduce_));
    table.put(runner.queue(), {.from = from,
                               .rows = count * volume(positions_),
                               .width = unit_count(node_shape(group)),
                               .first = group.first,
                               .columns = group.count,
                               .to_row = to_row,
                               .to_column = to_column});
    to_column += group.count;
  }
}

}  // namespace sonde::nn
