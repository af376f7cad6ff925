// Seeds on their way to a finding: where each stands, and its rows. A sample keeps its slot from start to end, so that
// samples can be computed together in any grouping.
#pragma once

#include <span>
#include <vector>

#include "generate/setup.hpp"

namespace sonde::generate {

/// One seed on its way.
struct Sample {
  std::int64_t seed_index = 0;  // in the data set
  std::uint32_t pass = 0;
  std::int32_t iterations = 0;  // steps taken
  std::int64_t label = 0;
  std::int32_t target = 0;
  bool judged = false;  // the models may differ on x, but not on its stored form
};

class Samples {
 public:
  /// Room for `most` samples.
  Samples(Setup const& setup, std::size_t most);

  std::size_t in_flight() const { return samples_.size() - free_.size(); }
  /// A new sample of the stored values `seed` (F). Returns its slot, whose x is for the caller to set. There must be
  /// room.
  std::size_t add(std::uint32_t pass, std::int64_t seed_index, std::span<float const> seed);
  void remove(std::size_t slot) { free_.push_back(slot); }
  void clear();

  Sample& operator[](std::size_t slot) { return samples_[slot]; }
  /// Stored values of the seed (F).
  std::span<float> seed(std::size_t slot) { return row(seeds_, slot); }
  /// Rows by slot in the backend's memory, (slots, F): x in units of the range; where it started, when that is kept.
  float* x() { return x_.data(); }
  float* start() { return start_.data(); }
  /// Keeps the start beside x.
  void keep_start() { start_ = Buffer<float>(x_.size(), setup_.memory()); }
  bool keeps_start() const { return start_.size() > 0; }

  // Where the backend's memory is the host's.
  /// x, and what is stored of it when that is kept (F).
  std::span<float> x(std::size_t slot) { return row(x_, slot); }
  std::span<float> stored(std::size_t slot) { return row(stored_, slot); }
  /// Keeps the stored form of x beside it.
  void keep_stored() { stored_ = Buffer<float>(x_.size()); }
  bool keeps_stored() const { return stored_.size() > 0; }

 private:
  std::span<float> row(Buffer<float>& rows, std::size_t slot) const {
    return rows.span().subspan(slot * features_, features_);
  }

  Setup const& setup_;
  std::size_t features_;
  std::vector<Sample> samples_;    // by slot
  std::vector<std::size_t> free_;  // slots
  Buffer<float> seeds_, x_, start_, stored_;
};

}  // namespace sonde::generate
