// Which seeds are worked on when: passes, rounds, micro-batches. A function of the configuration alone.
#pragma once

#include "generate/ascent.hpp"

namespace sonde::generate {

/// A global round: the seeds between two merges of coverage.
struct Round {
  std::uint32_t pass = 0;
  std::int64_t number = 0;  // over all passes
  std::vector<MicroBatch> batches;
};

class Schedule {
 public:
  /// `records` is the number of seeds in the data set.
  Schedule(Config const& config, std::int64_t records);

  /// Seeds of one pass.
  std::int64_t seeds_per_pass() const { return seeds_; }
  /// Seeds of all passes.
  std::int64_t total() const { return seeds_ * config_.passes; }
  /// The next round; one without micro-batches at the end. Sizes double from --first-round to --round, and start again
  /// with the last size in later passes.
  Round next();

 private:
  void start_pass();

  Config config_;
  std::int64_t records_, seeds_;
  std::uint32_t pass_ = 0;
  std::int64_t number_ = 0, size_ = 0;
  std::size_t done_ = 0;             // seeds of this pass handed out
  std::vector<std::int64_t> order_;  // data set indices of this pass
};

}  // namespace sonde::generate
