#include <algorithm>

#include "inspect/measures/measure.hpp"

namespace sonde::inspect {

void Statistics::update(Rows const& rows) {
  for (auto const& statistic : all_) statistic->update(rows);
}

bool Statistics::takes_tables() const {
  return std::ranges::all_of(all_, [](auto const& statistic) { return statistic->takes_tables(); });
}

std::vector<Sums> Statistics::sums() {
  std::vector<Sums> result;
  for (auto const& statistic : all_) {
    for (Sums const& sums : statistic->sums()) result.push_back(sums);
  }
  return result;
}

void Statistics::retain(std::span<std::int64_t const> hypotheses) {
  for (auto const& statistic : all_) statistic->retain(hypotheses);
}

}  // namespace sonde::inspect
