// Rows of units and hypotheses in memory, and scores of them as the engine would compute these.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "inspect/measures/measure.hpp"

namespace sonde::inspect::test {

struct Table {
  std::int64_t units = 0, hypotheses = 0;
  std::vector<float> unit, hypothesis;  // (rows, U), (rows, H)
  std::vector<std::int64_t> record;     // (rows) ascending

  std::int64_t rows() const { return static_cast<std::int64_t>(record.size()); }
  float x(std::int64_t row, std::int64_t u) const { return unit[static_cast<std::size_t>(row * units + u)]; }
  float y(std::int64_t row, std::int64_t h) const { return hypothesis[static_cast<std::size_t>(row * hypotheses + h)]; }
  /// Rows [first, first + count).
  Rows block(std::int64_t first, std::int64_t count) const;
  /// The same rows with these hypotheses only.
  Table keep(std::vector<std::int64_t> const& hypotheses_kept) const;
};

/// The table of ../shared/golden/measures.h5.
Table golden_table();

/// Rows [first, first + count) of the blocks that hold whole records, at least `least` rows each.
std::vector<comm::Block> record_blocks(Table const& table, std::int64_t least);

struct Way {
  std::int64_t block_rows = 500;
  std::int64_t workers = 1;  // of each rank
  std::size_t memory = std::size_t{1} << 30;
  bool partial = false;
  comm::Communicator comm;  // blocks are dealt over ranks and workers
};

/// Scores of every measure over all units, from sums merged over workers and ranks. `before_merge` sees the statistics
/// of each worker.
std::vector<Scores> score(std::vector<std::string> const& measures, Table const& table, Way const& way = {});

/// The part with this name.
std::vector<double> const& part(Scores const& scores, std::string const& name);

}  // namespace sonde::inspect::test
