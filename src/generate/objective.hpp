// What the ascent raises, and what it looks for: DeepXplore eq. 2 and 3.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "backend/backend.hpp"
#include "generate/config.hpp"
#include "nn/answer.hpp"

namespace sonde::generate {

using nn::Output;

/// For models of one task:  sum over k != j of F_k(x)[c] - lambda1 F_j(x)[c] + lambda2 * sum over k of neuron_k(x),
/// j the target model, c the label the models agree on for the seed. F is the logit or the probability.
/// Regression: F is the output before a closing tanh or arctangent; c plays no part.
class Objective {
 public:
  /// Throws InputError when the models' tasks or numbers of outputs differ, naming the files.
  Objective(std::vector<std::shared_ptr<nn::Network const>> const& networks, Config const& config);

  nn::Task task() const { return task_; }
  /// Where the gradient of model k starts.
  int node(std::size_t k) const { return nodes_[k]; }
  /// The start of the gradient of model k for a sample of label c and target model j.
  backend::UnitPick start(std::size_t k, std::int64_t label, std::int64_t target) const;

  /// Label of an output: index of the first largest; 1 for a binary output above 1/2; 0 for a regression.
  std::int64_t label(Output output) const;
  /// Confidence in the label: its probability, by a softmax when the model has none of its own. The output itself for a
  /// regression.
  double confidence(std::size_t k, Output output) const;
  /// Whether the models disagree: different labels; for a regression some pair of outputs further apart than the
  /// divergence and not all outputs of strictly the same sign (the published rule). Never when an output is not finite.
  bool disagree(std::span<Output const> outputs) const;
  /// How far the outputs are from the opposite verdict, relative to their size: 0 is a tie.
  double margin(std::span<Output const> outputs) const;

 private:
  nn::Task task_ = nn::Task::classes;
  std::vector<int> nodes_;
  std::vector<char> is_probability_;  // the output of model k is one
  double lambda1_, divergence_;
};

}  // namespace sonde::generate
