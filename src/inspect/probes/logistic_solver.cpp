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
         Penalty penalty, int threads, FitWatch const& watch, LogisticState& state);
  bool solve(double tolerance, int iterations);

 private:
  void count_rows();
  void start();
  bool all_rows(std::vector<double>& sums) const;
  bool factor_bound();
  bool gradient();
  void add_gradient(std::int64_t first, std::int64_t count, std::vector<double>& sum) const;
  double gradient_norm(std::int64_t c) const;
  void step();
  double drop_converged(double tolerance, bool all);

  std::int64_t active() const { return static_cast<std::int64_t>(state_.active.size()); }
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
  std::vector<double> rows_of_, ones_;  // (columns) with a target, and where it is 1, of all ranks
  std::vector<double> bound_;           // (U, U) Cholesky factor of X'X / 4n + lambda (l2)
  double largest_ = 0.25;               // l1: bound of the eigenvalues of X'X / 4n
  std::vector<double> gradient_;        // (U + 1, A)
  FitWatch const& watch_;
  LogisticState& state_;
};

Solver::Solver(comm::Communicator const& comm, LogisticRows const& rows, Standardization const& standardization,
               Penalty penalty, int threads, FitWatch const& watch, LogisticState& state)
    : comm_(comm),
      rows_(rows),
      standardization_(standardization),
      penalty_(penalty),
      threads_(std::max(1, threads)),
      units_(rows.units),
      watch_(watch),
      state_(state) {
  count_rows();
  if (state_.solution.weight.empty()) start();
}

/// Columns that have both classes are worked on.
void Solver::start() {
  auto const columns = static_cast<std::size_t>(rows_.columns);
  state_.solution.weight.assign(static_cast<std::size_t>(units_) * columns, undefined);
  state_.solution.intercept.assign(columns, undefined);
  state_.solution.gradient_norm.assign(columns, undefined);
  for (std::int64_t c = 0; c < rows_.columns; ++c) {
    if (ones_[c] > 0 && ones_[c] < rows_of_[c]) state_.active.push_back(c);
  }
  state_.last.resize(static_cast<std::size_t>((units_ + 1) * active()));
  state_.here = state_.last;
  state_.momentum.assign(state_.active.size(), 1);
}

void Solver::count_rows() {
  rows_of_.resize(static_cast<std::size_t>(rows_.columns));
  ones_.resize(rows_of_.size());
  for (std::int64_t row = 0; row < rows_.count; ++row) {
    std::uint8_t const* const target = rows_.target + row * rows_.columns;
    for (std::int64_t c = 0; c < rows_.columns; ++c) {
      rows_of_[c] += target[c] == no_target ? 0 : 1;
      ones_[c] += target[c] == target_1 ? 1 : 0;
    }
  }
  comm::allreduce(comm_, comm::Reduction::sum, std::span(rows_of_));
  comm::allreduce(comm_, comm::Reduction::sum, std::span(ones_));
  total_rows_ = comm::allreduce(comm_, comm::Reduction::sum, static_cast<double>(rows_.count));
}

/// Sums over the rows of all ranks; false when a rank has given up, and the sums are of some rows only.
bool Solver::all_rows(std::vector<double>& sums) const {
  auto const given_up = static_cast<std::int32_t>(watch_.give_up());
  comm::allreduce(comm_, comm::Reduction::sum, std::span(sums));
  return comm::allreduce(comm_, comm::Reduction::max, given_up) == 0;
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

bool Solver::factor_bound() {
  auto const size = static_cast<std::size_t>(units_ * units_);
  std::vector<std::vector<double>> grams(static_cast<std::size_t>(threads_), std::vector<double>(size));
  share_rows(rows_.count, threads_, [&](int thread, std::int64_t first, std::int64_t count) {
    std::vector<double> x(static_cast<std::size_t>(piece * units_));
    for (std::int64_t row = first; row < first + count && !watch_.give_up(); row += piece) {
      std::int64_t const n = std::min(piece, first + count - row);
      standardization_.apply(n, rows_.x + row * units_, x.data());
      backend::add_gram(n, units_, x.data(), grams[static_cast<std::size_t>(thread)].data());
    }
  });
  bound_.assign(size, 0);
  for (auto const& gram : grams) {
    for (std::size_t i = 0; i < size; ++i) bound_[i] += gram[i];
  }
  if (!all_rows(bound_)) return false;
  for (double& value : bound_) value /= 4 * total_rows_;
  if (penalty_.l1) {
    for (std::int64_t i = 0; i < units_; ++i) {
      for (std::int64_t j = 0; j < i; ++j) bound_[i * units_ + j] = bound_[j * units_ + i];
    }
    largest_ = std::max(0.25, largest_eigenvalue(units_, bound_));  // 0.25: of the intercept
    return true;
  }
  double const least = std::max(penalty_.lambda, 1e-10);  // units that depend on each other need not be told apart
  for (std::int64_t i = 0; i < units_; ++i) bound_[i * (units_ + 1)] += least;
  bool const positive = backend::cholesky(units_, bound_.data());
  ENSURE(positive);
  static_cast<void>(positive);
  return true;
}

/// Sums of (sigmoid - target) (x, 1) over rows of this rank.
void Solver::add_gradient(std::int64_t first, std::int64_t count, std::vector<double>& sum) const {
  std::vector<double> x(static_cast<std::size_t>(piece * units_)), z(static_cast<std::size_t>(piece * active()));
  double const* const intercept = state_.here.data() + units_ * active();
  for (std::int64_t row = first; row < first + count && !watch_.give_up(); row += piece) {
    std::int64_t const n = std::min(piece, first + count - row);
    standardization_.apply(n, rows_.x + row * units_, x.data());
    backend::matrix_product(n, active(), units_, x.data(), state_.here.data(), z.data());
    for (std::int64_t i = 0; i < n; ++i) {
      std::uint8_t const* const target = rows_.target + (row + i) * rows_.columns;
      for (std::int64_t c = 0; c < active(); ++c) {
        double& residual = z[i * active() + c];
        residual =
            target[state_.active[c]] == no_target ? 0 : sigmoid(residual + intercept[c]) - target[state_.active[c]];
        sum[units_ * active() + c] += residual;
      }
    }
    backend::add_column_products(n, units_, active(), x.data(), z.data(), sum.data());
  }
}

/// Fills gradient_ at the present point, without the l1 penalty; false when it was given up.
bool Solver::gradient() {
  std::vector<std::vector<double>> sums(static_cast<std::size_t>(threads_), std::vector<double>(state_.here.size()));
  share_rows(rows_.count, threads_, [&](int thread, std::int64_t first, std::int64_t count) {
    add_gradient(first, count, sums[static_cast<std::size_t>(thread)]);
  });
  gradient_.assign(state_.here.size(), 0);
  for (auto const& sum : sums) {
    for (std::size_t i = 0; i < sum.size(); ++i) gradient_[i] += sum[i];
  }
  if (!all_rows(gradient_)) return false;
  for (std::int64_t u = 0; u <= units_; ++u) {
    for (std::int64_t c = 0; c < active(); ++c) {
      double& component = at(gradient_, u, c);
      component /= rows_of_[state_.active[c]];
      if (!penalty_.l1 && u < units_) component += penalty_.lambda * at(state_.here, u, c);
    }
  }
  return true;
}

double Solver::gradient_norm(std::int64_t c) const {
  double norm = 0;
  for (std::int64_t u = 0; u <= units_; ++u) {
    double component = gradient_[u * active() + c];
    double const weight = state_.here[u * active() + c];
    if (penalty_.l1 && u < units_) {
      component = weight != 0 ? component + std::copysign(penalty_.lambda, weight)
                              : std::max(0.0, std::fabs(component) - penalty_.lambda);
    }
    norm = std::max(norm, std::fabs(component));
  }
  return norm;
}

/// From the present point along the gradient to the next point, and from there on by momentum.
void Solver::step() {
  std::vector<double> move = gradient_;
  if (!penalty_.l1) backend::cholesky_solve(units_, active(), bound_.data(), move.data());
  std::vector<double> along(static_cast<std::size_t>(active()));
  for (std::int64_t u = 0; u <= units_; ++u) {
    for (std::int64_t c = 0; c < active(); ++c) {
      // Rows without a target leave the others with at most total / rows_of times the bound.
      double const share = rows_of_[state_.active[c]] / total_rows_;
      double const size = share / (penalty_.l1 ? largest_ : (u < units_ ? 1 : 0.25));
      double next = at(state_.here, u, c) - size * at(move, u, c);
      if (penalty_.l1 && u < units_)
        next = std::copysign(std::max(0.0, std::fabs(next) - size * penalty_.lambda), next) + 0.0;
      // The step that a penalty cut short stands for the gradient.
      double const slope = penalty_.l1 ? at(state_.here, u, c) - next : at(gradient_, u, c);
      along[c] += slope * (next - at(state_.last, u, c));
      at(move, u, c) = next;
    }
  }
  for (std::int64_t c = 0; c < active(); ++c) {
    bool const restart = along[c] > 0;
    double const before = restart ? 1 : state_.momentum[c];
    double const after = (1 + std::sqrt(1 + 4 * before * before)) / 2;
    double const factor = restart ? 0 : (before - 1) / after;
    state_.momentum[c] = after;
    for (std::int64_t u = 0; u <= units_; ++u) {
      double const next = at(move, u, c);
      at(state_.here, u, c) = next + factor * (next - at(state_.last, u, c));
      at(state_.last, u, c) = next;
    }
  }
}

/// Writes down columns whose gradient is small enough (or all) and goes on without them. Returns the largest gradient
/// of the others.
double Solver::drop_converged(double tolerance, bool all) {
  std::vector<std::int64_t> keep;
  double largest = 0;
  LogisticSolution& solution = state_.solution;
  for (std::int64_t c = 0; c < active(); ++c) {
    double const norm = gradient_norm(c);
    if (norm > tolerance && !all) {
      keep.push_back(c);
      largest = std::max(largest, norm);
      continue;
    }
    std::int64_t const column = state_.active[c];
    solution.gradient_norm[column] = norm;
    solution.intercept[column] = at(state_.here, units_, c);
    for (std::int64_t u = 0; u < units_; ++u) solution.weight[u * rows_.columns + column] = at(state_.here, u, c);
  }
  std::int64_t const width = active();
  keep_columns(state_.last, width, keep);
  keep_columns(state_.here, width, keep);
  keep_columns(gradient_, width, keep);
  keep_columns(state_.momentum, width, keep);
  keep_columns(state_.active, width, keep);
  return largest;
}

bool Solver::solve(double tolerance, int iterations) {
  FitStatus status{state_.iteration, active(), 0};
  if (!watch_.go_on(status)) return false;
  bool const begun = factor_bound();
  while (active() > 0) {
    if (begun && gradient()) {
      status.gradient_norm = drop_converged(tolerance, ++state_.iteration >= iterations);
      step();
    }
    status.iteration = state_.iteration;
    status.columns = active();
    if (active() > 0 && !watch_.go_on(status)) return false;
  }
  return true;
}

}  // namespace

bool solve_logistic(comm::Communicator const& comm, LogisticRows const& rows, Standardization const& standardization,
                    Penalty penalty, double tolerance, int iterations, int threads, FitWatch const& watch,
                    LogisticState& state) {
  return Solver(comm, rows, standardization, penalty, threads, watch, state).solve(tolerance, iterations);
}

void LogisticState::save(StateWriter& state, std::string const& name) const {
  state.number<std::int64_t>(name + "/iteration", iteration);
  state.whole(name + "/active", active);
  state.whole(name + "/last", last);
  state.whole(name + "/here", here);
  state.whole(name + "/momentum", momentum);
  state.whole(name + "/weight", solution.weight);
  state.whole(name + "/intercept", solution.intercept);
  state.whole(name + "/gradient_norm", solution.gradient_norm);
}

void LogisticState::load(StateReader const& state, std::string const& name, std::int64_t units, std::int64_t columns) {
  iteration = static_cast<int>(state.number<std::int64_t>(name + "/iteration", 0, 1 << 30));
  active = state.whole<std::int64_t>(name + "/active");
  for (std::size_t i = 0; i < active.size(); ++i)
    state.expect(active[i] >= 0 && active[i] < columns && (i == 0 || active[i] > active[i - 1]), name + "/active");
  auto const u = static_cast<std::size_t>(units), c = static_cast<std::size_t>(columns);
  last = state.whole<double>(name + "/last", (u + 1) * active.size());
  here = state.whole<double>(name + "/here", (u + 1) * active.size());
  momentum = state.whole<double>(name + "/momentum", active.size());
  solution.weight = state.whole<double>(name + "/weight");
  std::size_t const known = solution.weight.empty() ? 0 : c;  // empty before the start
  state.expect(solution.weight.size() == u * known && active.size() <= known, name + "/weight");
  solution.intercept = state.whole<double>(name + "/intercept", known);
  solution.gradient_norm = state.whole<double>(name + "/gradient_norm", known);
}

}  // namespace sonde::inspect
