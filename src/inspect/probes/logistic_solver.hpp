// Logistic regressions of many binary targets on the same rows in memory, to a stated gradient.
#pragma once

#include <cstdint>
#include <vector>

#include "comm/communicator.hpp"
#include "inspect/probes/standardization.hpp"

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

/// Minimises, for every column, mean log-loss over its rows of all ranks + lambda / 2 |w|^2 (l2) or lambda |w|_1 (l1);
/// the intercept is not penalised. Ends when all gradients are at most `tolerance`, or after `iterations`. Sums are in
/// double, so that the number of ranks matters only by rounding. Collective.
///
/// l2: steps by the fixed bound of the Hessian X'X / 4n + lambda (Boehning & Lindsay 1988), one Cholesky factor for all
/// columns, accelerated (Nesterov 1983) with restarts by the gradient (O'Donoghue & Candes 2015).
/// l1: FISTA (Beck & Teboulle 2009) with the same restarts; zeros are exact.
LogisticSolution solve_logistic(comm::Communicator const& comm, LogisticRows const& rows,
                                Standardization const& standardization, Penalty penalty, double tolerance,
                                int iterations, int threads);

}  // namespace sonde::inspect
