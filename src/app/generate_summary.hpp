// The closing summary of a generate run, for a person and as JSON.
#pragma once

#include <string>

#include "comm/communicator.hpp"
#include "generate/run.hpp"

namespace sonde::app {

/// What a run came to.
struct GenerateSummary {
  generate::Totals totals;
  std::vector<std::string> models;
  std::vector<std::int64_t> covered, units;
  double seconds = 0;
  int ranks = 1, threads = 1;
  bool coverage_reached = false;
  std::string out;
};

std::string summary_text(GenerateSummary const& summary);
std::string summary_json(GenerateSummary const& summary);

/// "312 findings, coverage 83.1 % 77.0 %"
std::string round_text(generate::RoundReport const& report, std::vector<std::int64_t> const& units);

}  // namespace sonde::app
