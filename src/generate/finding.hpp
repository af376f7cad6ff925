// What a run finds, one record each.
#pragma once

#include <cstdint>
#include <vector>

namespace sonde::generate {

enum class Kind : std::uint8_t { already_differed = 0, generated = 1 };
enum class Status : std::uint8_t { already_differed = 0, generated = 1, exhausted = 2 };

/// A difference-inducing input.
struct Finding {
  std::uint32_t pass = 0;
  std::int64_t seed_index = 0;  // in the data set
  Kind kind = Kind::generated;
  std::int32_t target_model = -1;
  std::int32_t iterations = 0;
  std::vector<std::int64_t> labels;  // per model
  std::vector<double> confidences;   // per model; a regression's outputs
  std::int64_t seed_label = 0;       // the label the models agreed on; model 0's when they already differed
  double l1 = 0, l2 = 0, linf = 0;   // distance from the seed, in units of the range
  bool valid = true;  // holds when clipped and rounded to the data's own type, and is neither constant nor the seed
  std::vector<float> input, seed;  // stored values (F)
};

/// What became of a seed.
struct SeedRecord {
  std::uint32_t pass = 0;
  std::int64_t index = 0;
  Status status = Status::exhausted;
  std::int32_t iterations = 0;
};

}  // namespace sonde::generate
