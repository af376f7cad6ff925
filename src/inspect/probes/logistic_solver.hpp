// Logistic regressions of many binary targets on the same rows in memory, to a stated gradient.
#pragma once

#include <cstdint>
#include <vector>

#include "comm/communicator.hpp"
#include "inspect/probes/joint_probe.hpp"
#include "inspect/probes/standardization.hpp"
#include "inspect/state.hpp"

namespace sonde::inspect {

/// What a target may be; rows without annotation have no loss.
enum Target : std::uint8_t { target_0 = 0, target_1 = 1, no_target = 2 };

/// The rows of this rank.
struct LogisticRows {
  std::int64_t count = 0, units = 0, columns = 0;
  float const* x = nullptr;              // (count, U), as they are
  std::uint8_t const* target = nullptr;  // (count, columns)
};

struct Penalty {
  bool l1 = false;
  double lambda = 0;
};

struct LogisticSolution {
  // NaN for columns without both classes.
  std::vector<double> weight;         // (U, columns) of standardised units
  std::vector<double> intercept;      // (columns)
  std::vector<double> gradient_norm;  // (columns) largest |component|; l1: of the least subgradient
};

/// Where a solution stands between two iterations, the same on every rank.
struct LogisticState {
  int iteration = 0;                 // those done
  std::vector<std::int64_t> active;  // (A) columns that are worked on
  std::vector<double> last, here;    // (U + 1, A) weights, then intercepts: the last point; where the gradient is taken
  std::vector<double> momentum;      // (A) Nesterov's t
  LogisticSolution solution;         // of the other columns

  void save(StateWriter& state, std::string const& name) const;
  void load(StateReader const& state, std::string const& name, std::int64_t units, std::int64_t columns);
};

/// Minimises, for every column, mean log-loss over its rows of all ranks + lambda / 2 |w|^2 (l2) or lambda |w|_1 (l1);
/// the intercept is not penalised. Ends when all gradients are at most `tolerance`, or after `iterations`. Sums are in
/// double, so that the number of ranks matters only by rounding. Goes on from `state`, at first empty; false when it
/// was stopped, otherwise state.solution is complete. Collective.
///
/// l2: steps by the fixed bound of the Hessian X'X / 4n + lambda (Boehning & Lindsay 1988), one Cholesky factor for all
/// columns, accelerated (Nesterov 1983) with restarts by the gradient (O'Donoghue & Candes 2015).
/// l1: FISTA (Beck & Teboulle 2009) with the same restarts; zeros are exact.
bool solve_logistic(comm::Communicator const& comm, LogisticRows const& rows, Standardization const& standardization,
                    Penalty penalty, double tolerance, int iterations, int threads, FitWatch const& watch,
                    LogisticState& state);

}  // namespace sonde::inspect
