// Rows of blocks that a probe keeps.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "inspect/rows.hpp"
#include "inspect/state.hpp"

namespace sonde::inspect {

struct StoredRows {
  std::vector<float> unit, label;   // (rows, U), (rows, H)
  std::vector<std::int64_t> key;    // (rows)
  std::vector<std::int64_t> block;  // rows of each block

  std::int64_t count() const { return static_cast<std::int64_t>(key.size()); }
  void add(Rows const& rows);
  void clear() { *this = {}; }
  Rows rows(std::int64_t first, std::int64_t rows, std::int64_t units, std::int64_t hypotheses) const {
    return {
        rows, units, hypotheses, unit.data() + first * units, label.data() + first * hypotheses, key.data() + first};
  }

  /// Of all ranks; collective. And a rank's share of the blocks.
  void save(StateWriter& state, std::string const& name, std::int64_t units, std::int64_t hypotheses) const;
  void load(StateReader const& state, std::string const& name, std::int64_t units, std::int64_t hypotheses,
            comm::Communicator const& comm);
};

}  // namespace sonde::inspect
