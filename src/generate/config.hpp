// What a generate run is asked to do; the same on every rank.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sonde::generate {

enum class Mode {
  valid,     // findings survive being saved: clipped at every step, confirmed from the stored bytes
  published  // the published program: no clipping, no rounding, neuron and target as it chooses them
};
enum class Repick { iteration, seed };
enum class ObjectiveKind { logit, probability };
enum class Order { shuffle, file };

struct Config {
  Mode mode = Mode::valid;
  double lambda1 = 1;          // weight of lowering the target model's confidence (DeepXplore eq. 2)
  double lambda2 = 0.1;        // weight of the uncovered neurons (DeepXplore eq. 3)
  std::optional<double> step;  // per iteration, in units of the stored range; none: the mode's and constraint's default
  std::int64_t max_iterations = 20;
  double threshold = 0;      // of neuron coverage
  std::int64_t target = -1;  // model to deviate; -1: drawn per seed
  Repick repick = Repick::iteration;
  ObjectiveKind objective = ObjectiveKind::logit;
  double divergence = 0.2;  // regression: outputs that differ by more disagree, unless all have the same sign
  std::string constraint = "none";
  std::int64_t quantize = 0;        // levels over the range; 0: those of the data
  double max_linf = 0, max_l2 = 0;  // bounds of the change, in units of the range; 0: none
  Order order = Order::shuffle;
  std::int64_t num_seeds = 0;  // 0: all
  std::int64_t passes = 1;
  double until_coverage = 0;  // stop after the round that reaches this share of all neurons; 0: never
  std::int64_t first_round = 256, round = 4096, batch = 64;
  std::uint64_t rng_seed = 0;
};

}  // namespace sonde::generate
