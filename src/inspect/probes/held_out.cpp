#include "inspect/probes/held_out.hpp"

#include <algorithm>

#include "comm/collectives.hpp"
#include "inspect/statistics/uncertainty.hpp"

namespace sonde::inspect {

void Confusion::add(std::uint8_t const* target, float const* decision) {
  std::size_t const columns = counts_.size() / 4;
  for (std::size_t c = 0; c < columns; ++c) {
    if (target[c] == no_target) continue;
    std::size_t const row = (decision[c] > 0 ? false_1 : true_0) + (target[c] == target_1 ? 1 : 0);
    counts_[row * columns + c] += 1;
  }
}

void Confusion::add(Confusion const& other) { add(other.counts_); }

void Confusion::add(std::vector<double> const& counts) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += counts[i];
}

void Confusion::merge(comm::Communicator const& comm) {
  comm::allreduce(comm, comm::Reduction::sum, std::span(counts_));
}

double Confusion::of(Row row, std::int64_t column) const {
  return counts_[static_cast<std::size_t>(row) * counts_.size() / 4 + static_cast<std::size_t>(column)];
}

double Confusion::f1(std::int64_t c) const {
  double const rows = 2 * of(true_1, c) + of(false_1, c) + of(false_0, c);
  return rows > 0 ? 2 * of(true_1, c) / rows : undefined;
}

double Confusion::accuracy(std::int64_t c) const {
  double const right = of(true_0, c) + of(true_1, c), rows = right + of(false_0, c) + of(false_1, c);
  return rows > 0 ? right / rows : undefined;
}

double Confusion::majority(std::int64_t c) const {
  double const zeros = of(true_0, c) + of(false_1, c), ones = of(true_1, c) + of(false_0, c);
  return zeros + ones > 0 ? std::max(zeros, ones) / (zeros + ones) : undefined;
}

}  // namespace sonde::inspect
