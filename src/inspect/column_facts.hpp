// What is known of each hypothesis column beside its scores: support, range, rows.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "comm/communicator.hpp"
#include "inspect/rows.hpp"
#include "inspect/state.hpp"

namespace sonde::inspect {

/// Counts over the rows read so far; one object per worker.
struct ColumnFacts {
  explicit ColumnFacts(std::int64_t columns);

  /// Adds rows whose columns are `columns` of all.
  void update(Rows const& rows, std::vector<std::int64_t> const& columns);
  void add(ColumnFacts const& other);
  /// Over all ranks. Collective.
  void merge(comm::Communicator const& comm);

  /// Of all ranks, after merge(). Loaded on one rank.
  void save(StateWriter& state, std::string const& name) const;
  void load(StateReader const& state, std::string const& name);

  bool constant(std::int64_t column) const { return !(least[column] < largest[column]); }

  std::vector<std::int64_t> annotated;  // rows that have a value
  std::vector<std::int64_t> support;    // rows whose value is not 0
  std::vector<float> least, largest;
};

}  // namespace sonde::inspect
