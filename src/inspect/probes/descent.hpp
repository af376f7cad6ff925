// Logistic regressions by mini-batches, for training rows that do not fit memory.
#pragma once

#include <cstdint>
#include <vector>

#include "inspect/probes/logistic_solver.hpp"
#include "inspect/state.hpp"

namespace sonde::inspect {

/// All columns at once; every mini-batch is one step, whose length falls linearly to 0 over the training (Newton's:
/// over its second half).
///
/// l2: steps of Newton's method with the mean curvature k of the column in place of each row's: (k X'X / n +
/// lambda)^-1, from one eigen-decomposition of the units' correlations in the first mini-batch. No step changes the
/// value that decides by more than a radius (root mean square). So a few large mini-batches are enough. l1: Adam
/// (Kingma & Ba 2015), the penalty as a proximal step in Adam's own scale, so that zeros are exact.
class Descent {
 public:
  /// `rate`: of Adam; Newton's first steps are whole.
  Descent(std::int64_t units, std::int64_t columns, Penalty penalty, double rate);

  /// Starts at weights 0 and this intercept.
  void start(std::int64_t column, double intercept) { weights_[units_ * columns_ + column] = intercept; }

  /// l2: sum of x x' of standardised units over the first mini-batch (upper triangle of (U, U)), and its rows.
  void precondition(std::vector<double> gram, double rows);

  /// Sums over the mini-batch: `gradient` (U + 1, columns), intercepts last; of p (1 - p), and of rows with a target,
  /// both (columns). `progress`: share of the training done before, 0 to 1.
  void step(std::vector<double> const& gradient, std::vector<double> const& curvature, std::vector<double> const& rows,
            double progress);

  /// Every rank has it alike.
  void save(StateWriter& state, std::string const& name) const;
  void load(StateReader const& state, std::string const& name);

  /// (U + 1, columns)
  std::vector<double> const& weights() const { return weights_; }
  /// Largest |component| of the running mean of the gradients, penalty included; l1: of the least subgradient.
  double gradient_norm(std::int64_t column) const;

 private:
  void turn_basis();
  void average(std::vector<double> const& gradient, std::vector<double> const& rows);
  void newton(std::vector<double> const& curvature, std::vector<double> const& rows, double length);
  void adam(double rate);

  std::int64_t units_, columns_;
  Penalty penalty_;
  double rate_;
  double first_left_ = 1, second_left_ = 1;         // what the running means still hold of their start at 0
  std::vector<double> weights_, first_, second_;    // (U + 1, columns) weights; running means of gradients, of squares
  std::vector<double> gradient_;                    // (U + 1, columns) mean over the mini-batch, with the penalty
  std::vector<double> basis_, basis_t_, variance_;  // (U, U) eigenvectors in rows, and in columns; (U) eigenvalues
};

/// residual[i] = sigmoid(z[i]) - target[i], 0 without a target; in place, to 1e-6. For n values.
void logistic_residuals(std::int64_t n, std::uint8_t const* target, float* z);

}  // namespace sonde::inspect
