#include "generate/ledger.hpp"

#include <algorithm>
#include <iterator>

namespace sonde::generate {

void Harvest::add(Harvest&& other) {
  items.insert(items.end(), other.items.begin(), other.items.end());
  std::ranges::move(other.findings, std::back_inserter(findings));
  seeds.insert(seeds.end(), other.seeds.begin(), other.seeds.end());
  other = {};
}

void Ledger::hold(std::int64_t item, MicroBatch const& batch) {
  held_[item].waiting = batch.seeds.size();
  for (std::int64_t const seed : batch.seeds) owner_[seed] = item;
}

Harvest Ledger::collect(Outcome& outcome, std::size_t settled) {
  for (; seen_seeds_ < outcome.seeds.size(); ++seen_seeds_) {
    Held& held = held_.at(owner_.at(outcome.seeds[seen_seeds_].index));
    held.seeds.push_back(seen_seeds_);
    --held.waiting;
  }
  for (; seen_findings_ < outcome.findings.size(); ++seen_findings_) {
    held_.at(owner_.at(outcome.findings[seen_findings_].seed_index)).findings.push_back(seen_findings_);
  }
  Harvest harvest;
  for (auto place = held_.begin(); place != held_.end();) {
    auto const& [item, held] = *place;
    if (held.waiting > 0 || (!held.findings.empty() && held.findings.back() >= settled)) {
      ++place;
      continue;
    }
    harvest.items.push_back(item);
    for (std::size_t const row : held.seeds) {
      harvest.seeds.push_back(outcome.seeds[row]);
      owner_.erase(outcome.seeds[row].index);
    }
    for (std::size_t const row : held.findings) harvest.findings.push_back(std::move(outcome.findings[row]));
    place = held_.erase(place);
  }
  return harvest;
}

void Ledger::clear() {
  held_.clear();
  owner_.clear();
  seen_findings_ = seen_seeds_ = 0;
}

}  // namespace sonde::generate
