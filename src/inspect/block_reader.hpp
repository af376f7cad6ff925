// Reads blocks of both behaviour matrices: units from their source, hypotheses from their functions.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "inspect/hypothesis_set.hpp"
#include "inspect/rows.hpp"
#include "inspect/scan_order.hpp"
#include "inspect/unit_source.hpp"

namespace sonde::inspect {

class BlockReader {
 public:
  /// Without `keys`, Rows::key is 0. All arguments must outlive the object. Blocks are given up when `give_up` says so.
  BlockReader(UnitSource& units, HypothesisSet const& hypotheses, DataFacts const& facts, ScanOrder const& order,
              int threads, bool keys, std::function<bool()> give_up);

  /// Rows of a block without its padded ones; of the hypotheses those wanted (ascending) and no others. Valid until the
  /// worker's next call. Each worker is called by one thread at a time. Nothing when it was given up. `there`: unit
  /// values may stay in the table that their source has, if it has one.
  std::optional<Rows> read(int worker, std::int64_t block, std::vector<std::int64_t> const& wanted, bool there = false);

  /// Bytes of the buffers of all workers, for blocks of `records`.
  static std::size_t bytes(UnitSource const& units, HypothesisSet const& hypotheses, DataFacts const& facts,
                           std::int64_t records, int threads);

 private:
  struct Buffers {
    std::vector<float> unit, hypothesis;
    std::vector<std::uint8_t> weight;
    std::vector<std::int64_t> key;
    std::vector<std::int32_t> kept;  // rows of weight 1
  };

  void read_keys(std::span<std::int64_t const> records, Buffers& buffers) const;
  void find_kept(std::span<std::int64_t const> records, Buffers& buffers) const;
  /// Moves the kept rows, and the columns wanted, to the front; unit values only when they are here.
  void pack(std::vector<std::int64_t> const& wanted, bool units_here, Buffers& buffers) const;

  UnitSource& units_;
  HypothesisSet const& hypotheses_;
  DataFacts const& facts_;
  ScanOrder const& order_;
  bool keys_;
  std::function<bool()> give_up_;
  std::vector<Buffers> buffers_;  // per worker
};

}  // namespace sonde::inspect
