// An inspection in the form of the result file (docs/results.md), and its strongest scores for people.
#pragma once

#include <string>
#include <vector>

#include "inspect/run.hpp"
#include "io/h5_parallel.hpp"

namespace sonde::inspect {

/// A pair and its score.
struct StrongPair {
  std::size_t measure = 0;
  std::int64_t unit = 0, hypothesis = 0;
  double value = 0, stderr_ = 0;  // NaN: not known
};

/// Adds q_value where there are p-values, over all pairs of a measure (Benjamini & Hochberg). Collective.
using QValues = std::vector<std::vector<double>>;  // per measure, (tile units, H), or empty
QValues q_values(Result const& result, comm::Communicator const& comm);

/// Writes /units, /hypotheses, /scores. Collective.
void write_results(io::ParallelFile& file, Result const& result, QValues const& q, UnitSource const& units,
                   HypothesisSet const& hypotheses, Config const& config);

/// For each measure the `count` pairs of all ranks whose scores are furthest from that of no
/// affinity, strongest first, on every rank.
/// Collective.
std::vector<StrongPair> strongest_pairs(Result const& result, std::size_t count, comm::Communicator const& comm);

}  // namespace sonde::inspect
