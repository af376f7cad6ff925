// Logistic regressions by mini-batches, for training rows that do not fit memory.
#pragma once

#include <cstdint>
#include <vector>

#include "inspect/probes/logistic_solver.hpp"

namespace sonde::inspect {

/// Adam (Kingma & Ba 2015) on the mean log-loss of all columns; the penalty is added to the gradient (l2), or applied
/// as a proximal step in Adam's own scale (l1), so that zeros are exact. The rate falls linearly to 0 over the training
/// rows of all epochs.
class Descent {
 public:
  Descent(std::int64_t units, std::int64_t columns, Penalty penalty, double rate);

  /// `gradient` (U + 1, columns): sums over the mini-batch, intercepts last; `rows` (columns): with a target.
  /// `progress`: share of the training done, 0 to 1.
  void step(std::vector<double> const& gradient, std::vector<double> const& rows, double progress);

  /// (U + 1, columns)
  std::vector<double> const& weights() const { return weights_; }
  /// Largest |component| of the running mean of the gradients, penalty included; l1: of the least subgradient.
  double gradient_norm(std::int64_t column) const;

 private:
  std::int64_t units_, columns_;
  Penalty penalty_;
  double rate_;
  double first_left_ = 1, second_left_ = 1;       // what the running means still hold of their start at 0
  std::vector<double> weights_, first_, second_;  // (U + 1, columns)
};

/// residual[i] = sigmoid(z[i]) - target[i], 0 without a target; in place, to 1e-6. For n values.
void logistic_residuals(std::int64_t n, std::uint8_t const* target, float* z);

}  // namespace sonde::inspect
