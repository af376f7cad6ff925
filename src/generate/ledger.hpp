// Which micro-batches a worker holds, and which of its rows belong to finished ones. A worker computes samples of
// several micro-batches together; a checkpoint takes whole micro-batches only.
#pragma once

#include <unordered_map>
#include <vector>

#include "generate/ascent.hpp"

namespace sonde::generate {

/// What is finished, on its way into a segment.
struct Harvest {
  std::vector<std::int64_t> items;  // micro-batches, by their number in the round
  std::vector<Finding> findings;
  std::vector<SeedRecord> seeds;

  bool empty() const { return items.empty(); }
  /// Takes over what `other` holds.
  void add(Harvest&& other);
};

class Ledger {
 public:
  /// The worker takes on micro-batch `item` of the round.
  void hold(std::int64_t item, MicroBatch const& batch);

  /// The rows of micro-batches that are finished: each seed has a record, and each finding is among the first `settled`
  /// of the outcome. They are moved out; the outcome, which only grows while the worker runs, keeps their places.
  Harvest collect(Outcome& outcome, std::size_t settled);

  /// Forgets everything, for a new outcome.
  void clear();

 private:
  struct Held {
    std::size_t waiting = 0;                   // seeds without a record
    std::vector<std::size_t> findings, seeds;  // rows in the outcome
  };

  std::unordered_map<std::int64_t, Held> held_;           // by item
  std::unordered_map<std::int64_t, std::int64_t> owner_;  // item by seed index
  std::size_t seen_findings_ = 0, seen_seeds_ = 0;        // rows of the outcome
};

}  // namespace sonde::generate
