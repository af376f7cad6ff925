#include "inspect/column_facts.hpp"

#include <algorithm>
#include <cmath>

#include "comm/collectives.hpp"

namespace sonde::inspect {

ColumnFacts::ColumnFacts(std::int64_t columns)
    : annotated(static_cast<std::size_t>(columns)),
      support(static_cast<std::size_t>(columns)),
      least(static_cast<std::size_t>(columns), std::numeric_limits<float>::infinity()),
      largest(static_cast<std::size_t>(columns), -std::numeric_limits<float>::infinity()) {}

void ColumnFacts::update(Rows const& rows, std::vector<std::int64_t> const& columns) {
  for (std::int64_t row = 0; row < rows.count; ++row) {
    float const* const values = rows.hypothesis + row * rows.hypotheses;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      float const value = values[i];
      if (std::isnan(value)) continue;
      auto const column = static_cast<std::size_t>(columns[i]);
      ++annotated[column];
      support[column] += value != 0 ? 1 : 0;
      least[column] = std::min(least[column], value);
      largest[column] = std::max(largest[column], value);
    }
  }
}

void ColumnFacts::add(ColumnFacts const& other) {
  for (std::size_t i = 0; i < annotated.size(); ++i) {
    annotated[i] += other.annotated[i];
    support[i] += other.support[i];
    least[i] = std::min(least[i], other.least[i]);
    largest[i] = std::max(largest[i], other.largest[i]);
  }
}

void ColumnFacts::merge(comm::Communicator const& comm) {
  comm::allreduce(comm, comm::Reduction::sum, std::span(annotated));
  comm::allreduce(comm, comm::Reduction::sum, std::span(support));
  comm::allreduce(comm, comm::Reduction::min, std::span(least));
  comm::allreduce(comm, comm::Reduction::max, std::span(largest));
}

void ColumnFacts::save(StateWriter& state, std::string const& name) const {
  state.whole(name + "/annotated", annotated);
  state.whole(name + "/support", support);
  state.whole(name + "/least", least);
  state.whole(name + "/largest", largest);
}

void ColumnFacts::load(StateReader const& state, std::string const& name) {
  annotated = state.whole<std::int64_t>(name + "/annotated", annotated.size());
  support = state.whole<std::int64_t>(name + "/support", support.size());
  least = state.whole<float>(name + "/least", least.size());
  largest = state.whole<float>(name + "/largest", largest.size());
}

}  // namespace sonde::inspect
