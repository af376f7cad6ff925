#include "inspect/probes/logistic_solver.hpp"

#include <algorithm>
#include <cmath>
#include <thread>

#include "backend/blas.hpp"
#include "backend/threads.hpp"
#include "base/check.hpp"
#include "comm/collectives.hpp"
#include "comm/partition.hpp"
#include "inspect/statistics/columns.hpp"
#include "inspect/statistics/uncertainty.hpp"

namespace sonde::inspect {
namespace {

constexpr std::int64_t piece = 256;  // rows multiplied at once

/// Calls work(thread, first row, number of rows) for equal shares of the rows, and waits.
template <class Work>
void share_rows(std::int64_t rows, int threads, Work const& work) {
  std::vector<std::jthread> others;
  for (int t = 1; t < threads; ++t) {
    comm::Block const share = comm::block_of(rows, t, threads);
    others.emplace_back([&work, t, share] {
      backend::use_one_thread();
      work(t, share.first, share.count);
    });
  }
  comm::Block const share = comm::block_of(rows, 0, threads);
  work(0, share.first, share.count);
}

double sigmoid(double z) {
  double const e = std::exp(-std::fabs(z));
  return z >= 0 ? 1 / (1 + e) : e / (1 + e);
}

class Solver {
 public:
  Solver(comm::Communicator const& comm, LogisticRows const& rows, Standardization const& standardization,
         Penalty penalty, int threads);
  LogisticSolution solve(double tolerance, int iterations);

 private:
  void count_rows();
  void factor_bound();
  void gradient();
  void add_gradient(std::int64_t first, std::int64_t count, std::vector<double>& sum) const;
  double gradient_norm(std::int64_t c) const;
  void step();
  void drop_converged(double tolerance, bool all, LogisticSolution& solution);

  std::int64_t active() const { return static_cast<std::int64_t>(active_.size()); }
  /// Of (U + 1, A).
  double& at(std::vector<double>& matrix, std::int64_t u, std::int64_t c) const {
    return matrix[static_cast<std::size_t>(u * active() + c)];
  }

  comm::Communicator const& comm_;
  LogisticRows const& rows_;
  Standardization const& standardization_;
  Penalty penalty_;
  int threads_;
  std::int64_t units_;
  double total_rows_ = 0;
  std::vector<double> rows_of_;       // (columns) with a target, of all ranks
  std::vector<double> bound_;         // (U, U) Cholesky factor of X'X / 4n + lambda (l2)
  double largest_ = 0.25;             // l1: bound of the eigenvalues of X'X / 4n
  std::vector<std::int64_t> active_;  // (A) columns that are worked on
  std::vector<double> last_, here_;   // (U + 1, A) weights, then intercepts: the last point; where the gradient is
  std::vector<double> gradient_;      // (U + 1, A)
  std::vector<double> momentum_;      // (A) Nesterov's t
};

Solver::Solver(comm::Communicator const& comm, LogisticRows const& rows, Standardization const& standardization,
               Penalty penalty, int threads)
    : comm_(comm),
      rows_(rows),
      standardization_(standardization),
      penalty_(penalty),
      threads_(std::max(1, threads)),
      units_(rows.units) {
  count_rows();
  last_.resize(static_cast<std::size_t>((units_ + 1) * active()));
  here_ = last_;
  momentum_.assign(active_.size(), 1);
  factor_bound();
}

/// Columns that have both classes are worked on.
void Solver::count_rows() {
  rows_of_.resize(static_cast<std::size_t>(rows_.columns));
  std::vector<double> ones(rows_of_.size());
  for (std::int64_t row = 0; row < rows_.count; ++row) {
    std::uint8_t const* const target = rows_.target + row * rows_.columns;
    for (std::int64_t c = 0; c < rows_.columns; ++c) {
      rows_of_[c] += target[c] == no_target ? 0 : 1;
      ones[c] += target[c] == target_1 ? 1 : 0;
    }
  }
  comm::allreduce(comm_, comm::Reduction::sum, std::span(rows_of_));
  comm::allreduce(comm_, comm::Reduction::sum, std::span(ones));
  total_rows_ = comm::allreduce(comm_, comm::Reduction::sum, static_cast<double>(rows_.count));
  for (std::int64_t c = 0; c < rows_.columns; ++c) {
    if (ones[c] > 0 && ones[c] < rows_of_[c]) active_.push_back(c);
  }
}

/// The largest eigenvalue of a symmetric positive matrix (N, N), and 5 % more: power iteration.
double largest_eigenvalue(std::int64_t n, std::vector<double> const& matrix) {
  std::vector<double> v(static_cast<std::size_t>(n), 1), next(v.size());
  for (std::size_t i = 0; i < v.size(); ++i) v[i] += 1e-3 * static_cast<double>(i % 17);  // not orthogonal to it
  double norm = 0;
  for (int i = 0; i < 200; ++i) {
    backend::matrix_product(n, 1, n, matrix.data(), v.data(), next.data());
    norm = 0;
    for (double value : next) norm += value * value;
    norm = std::sqrt(norm);
    if (norm == 0) return 0;
    for (std::size_t j = 0; j < v.size(); ++j) v[j] = next[j] / norm;
  }
  return 1.05 * norm;
}

void Solver::factor_bound() {
  auto const size = static_cast<std::size_t>(units_ * units_);
  std::vector<std::vector<double>> grams(static_cast<std::size_t>(threads_), std::vector<double>(size));
  share_rows(rows_.count, threads_, [&](int thread, std::int64_t first, std::int64_t count) {
    std::vector<double> x(static_cast<std::size_t>(piece * units_));
    for (std::int64_t row = first; row < first + count; row += piece) {
      std::int64_t const n = std::min(piece, first + count - row);
      standardization_.apply(n, rows_.x + row * units_, x.data());
      backend::add_gram(n, units_, x.data(), grams[static_cast<std::size_t>(thread)].data());
    }
  });
  bound_.assign(size, 0);
  for (auto const& gram : grams) {
    for (std::size_t i = 0; i < size; ++i) bound_[i] += gram[i];
  }
  comm::allreduce(comm_, comm::Reduction::sum, std::span(bound_));
  for (double& value : bound_) value /= 4 * total_rows_;
  if (penalty_.l1) {
    for (std::int64_t i = 0; i < units_; ++i) {
      for (std::int64_t j = 0; j < i; ++j) bound_[i * units_ + j] = bound_[j * units_ + i];
    }
    largest_ = std::max(0.25, largest_eigenvalue(units_, bound_));  // 0.25: of the intercept
    return;
  }
  double const least = std::max(penalty_.lambda, 1e-10);  // units that depend on each other need not be told apart
  for (std::int64_t i = 0; i < units_; ++i) bound_[i * (units_ + 1)] += least;
  bool const positive = backend::cholesky(units_, bound_.data());
  ENSURE(positive);
  static_cast<void>(positive);
}

/// Sums of (sigmoid - target) (x, 1) over rows of this rank.
void Solver::add_gradient(std::int64_t first, std::int64_t count, std::vector<double>& sum) const {
  std::vector<double> x(static_cast<std::size_t>(piece * units_)), z(static_cast<std::size_t>(piece * active()));
  double const* const intercept = here_.data() + units_ * active();
  for (std::int64_t row = first; row < first + count; row += piece) {
    std::int64_t const n = std::min(piece, first + count - row);
    standardization_.apply(n, rows_.x + row * units_, x.data());
    backend::matrix_product(n, active(), units_, x.data(), here_.data(), z.data());
    for (std::int64_t i = 0; i < n; ++i) {
      std::uint8_t const* const target = rows_.target + (row + i) * rows_.columns;
      for (std::int64_t c = 0; c < active(); ++c) {
        double& residual = z[i * active() + c];
        residual = target[active_[c]] == no_target ? 0 : sigmoid(residual + intercept[c]) - target[active_[c]];
        sum[units_ * active() + c] += residual;
      }
    }
    backend::add_column_products(n, units_, active(), x.data(), z.data(), sum.data());
  }
}

/// Fills gradient_ at here_, without the l1 penalty.
void Solver::gradient() {
  std::vector<std::vector<double>> sums(static_cast<std::size_t>(threads_), std::vector<double>(here_.size()));
  share_rows(rows_.count, threads_, [&](int thread, std::int64_t first, std::int64_t count) {
    add_gradient(first, count, sums[static_cast<std::size_t>(thread)]);
  });
  gradient_.assign(here_.size(), 0);
  for (auto const& sum : sums) {
    for (std::size_t i = 0; i < sum.size(); ++i) gradient_[i] += sum[i];
  }
  comm::allreduce(comm_, comm::Reduction::sum, std::span(gradient_));
  for (std::int64_t u = 0; u <= units_; ++u) {
    for (std::int64_t c = 0; c < active(); ++c) {
      double& component = at(gradient_, u, c);
      component /= rows_of_[active_[c]];
      if (!penalty_.l1 && u < units_) component += penalty_.lambda * at(here_, u, c);
    }
  }
}

double Solver::gradient_norm(std::int64_t c) const {
  double norm = 0;
  for (std::int64_t u = 0; u <= units_; ++u) {
    double component = gradient_[u * active() + c];
    double const weight = here_[u * active() + c];
    if (penalty_.l1 && u < units_) {
      component = weight != 0 ? component + std::copysign(penalty_.lambda, weight)
                              : std::max(0.0, std::fabs(component) - penalty_.lambda);
    }
    norm = std::max(norm, std::fabs(component));
  }
  return norm;
}

/// From here_ along the gradient to the next point, and from there on by momentum.
void Solver::step() {
  std::vector<double> move = gradient_;
  if (!penalty_.l1) backend::cholesky_solve(units_, active(), bound_.data(), move.data());
  std::vector<double> along(static_cast<std::size_t>(active()));
  for (std::int64_t u = 0; u <= units_; ++u) {
    for (std::int64_t c = 0; c < active(); ++c) {
      // Rows without a target leave the others with at most total / rows_of times the bound.
      double const share = rows_of_[active_[c]] / total_rows_;
      double const size = share / (penalty_.l1 ? largest_ : (u < units_ ? 1 : 0.25));
      double next = at(here_, u, c) - size * at(move, u, c);
      if (penalty_.l1 && u < units_)
        next = std::copysign(std::max(0.0, std::fabs(next) - size * penalty_.lambda), next) + 0.0;
      // The step that a penalty cut short stands for the gradient.
      double const slope = penalty_.l1 ? at(here_, u, c) - next : at(gradient_, u, c);
      along[c] += slope * (next - at(last_, u, c));
      at(move, u, c) = next;
    }
  }
  for (std::int64_t c = 0; c < active(); ++c) {
    bool const restart = along[c] > 0;
    double const before = restart ? 1 : momentum_[c];
    double const after = (1 + std::sqrt(1 + 4 * before * before)) / 2;
    double const factor = restart ? 0 : (before - 1) / after;
    momentum_[c] = after;
    for (std::int64_t u = 0; u <= units_; ++u) {
      double const next = at(move, u, c);
      at(here_, u, c) = next + factor * (next - at(last_, u, c));
      at(last_, u, c) = next;
    }
  }
}

/// Writes down columns whose gradient is small enough (or all) and goes on without them.
void Solver::drop_converged(double tolerance, bool all, LogisticSolution& solution) {
  std::vector<std::int64_t> keep;
  for (std::int64_t c = 0; c < active(); ++c) {
    double const norm = gradient_norm(c);
    if (norm > tolerance && !all) {
      keep.push_back(c);
      continue;
    }
    std::int64_t const column = active_[c];
    solution.gradient_norm[column] = norm;
    solution.intercept[column] = at(here_, units_, c);
    for (std::int64_t u = 0; u < units_; ++u) solution.weight[u * rows_.columns + column] = at(here_, u, c);
  }
  std::int64_t const width = active();
  keep_columns(last_, width, keep);
  keep_columns(here_, width, keep);
  keep_columns(gradient_, width, keep);
  keep_columns(momentum_, width, keep);
  keep_columns(active_, width, keep);
}

LogisticSolution Solver::solve(double tolerance, int iterations) {
  auto const columns = static_cast<std::size_t>(rows_.columns);
  LogisticSolution solution;
  solution.weight.assign(static_cast<std::size_t>(units_) * columns, undefined);
  solution.intercept.assign(columns, undefined);
  solution.gradient_norm.assign(columns, undefined);
  for (int i = 1; active() > 0; ++i) {
    gradient();
    drop_converged(tolerance, i >= iterations, solution);
    step();
  }
  return solution;
}

}  // namespace

LogisticSolution solve_logistic(comm::Communicator const& comm, LogisticRows const& rows,
                                Standardization const& standardization, Penalty penalty, double tolerance,
                                int iterations, int threads) {
  return Solver(comm, rows, standardization, penalty, threads).solve(tolerance, iterations);
}

}  // namespace sonde::inspect
