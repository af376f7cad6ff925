#include "app/generate_summary.hpp"

#include <algorithm>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app/progress.hpp"

namespace sonde::app {
namespace {

double percent(std::int64_t part, std::int64_t whole) {
  return whole ? 100.0 * static_cast<double>(part) / static_cast<double>(whole) : 0;
}

/// Mean over generated findings of a sum over them.
double mean(GenerateSummary const& s, double sum) {
  return sum / static_cast<double>(std::max<std::int64_t>(s.totals.generated, 1));
}

}  // namespace

std::string summary_text(GenerateSummary const& s) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(1);
  std::int64_t const agreeing = s.totals.seeds - s.totals.already_differed;
  auto const line = [&](char const* what, std::int64_t count, std::int64_t whole, char const* of) {
    text << "  " << std::left << std::setw(28) << what << std::right << std::setw(9) << count << "  (" << std::setw(5)
         << percent(count, whole) << " % of " << of << ")\n";
  };
  text << s.totals.seeds << " seeds in " << duration_text(s.seconds) << " on " << s.ranks << " rank(s) of " << s.threads
       << " thread(s)\n";
  line("models differed already", s.totals.already_differed, s.totals.seeds, "seeds");
  line("difference generated", s.totals.generated, agreeing, "agreeing seeds");
  line("  that holds when saved", s.totals.valid, s.totals.generated, "generated");
  line("exhausted", s.totals.exhausted, agreeing, "agreeing seeds");
  text << "  neuron coverage\n";
  for (std::size_t k = 0; k < s.models.size(); ++k) {
    text << "    " << s.models[k] << ": " << s.covered[k] << " of " << s.units[k] << " ("
         << percent(s.covered[k], s.units[k]) << " %)\n";
  }
  if (s.coverage_reached) text << "  stopped: the coverage asked for is reached\n";
  text << std::setprecision(4) << "  mean distance from the seed  l1 " << mean(s, s.totals.l1) << "  l2 "
       << mean(s, s.totals.l2) << "  linf " << mean(s, s.totals.linf) << "  [stored range]\n";
  text << std::setprecision(1) << "  rates                        " << static_cast<double>(s.totals.seeds) / s.seconds
       << " seeds/s, " << static_cast<double>(s.totals.sample_iterations) / s.seconds << " sample-iterations/s\n";
  text << "  results                      " << s.out << '\n';
  return text.str();
}

std::string summary_json(GenerateSummary const& s) {
  nlohmann::ordered_json json;
  json["seeds"] = s.totals.seeds;
  json["already_differed"] = s.totals.already_differed;
  json["generated"] = s.totals.generated;
  json["valid"] = s.totals.valid;
  json["exhausted"] = s.totals.exhausted;
  json["sample_iterations"] = s.totals.sample_iterations;
  for (std::size_t k = 0; k < s.models.size(); ++k) {
    json["coverage"].push_back({{"model", s.models[k]}, {"covered", s.covered[k]}, {"units", s.units[k]}});
  }
  json["coverage_reached"] = s.coverage_reached;
  json["mean_distance"] = {
      {"l1", mean(s, s.totals.l1)}, {"l2", mean(s, s.totals.l2)}, {"linf", mean(s, s.totals.linf)}};
  json["seconds"] = s.seconds;
  json["seeds_per_second"] = static_cast<double>(s.totals.seeds) / s.seconds;
  json["sample_iterations_per_second"] = static_cast<double>(s.totals.sample_iterations) / s.seconds;
  json["ranks"] = s.ranks;
  json["threads"] = s.threads;
  json["out"] = s.out;
  return json.dump(2) + "\n";
}

std::string round_text(generate::RoundReport const& report, std::vector<std::int64_t> const& units) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(1) << report.totals.already_differed + report.totals.generated
       << " findings, coverage";
  for (std::size_t k = 0; k < units.size(); ++k) text << ' ' << percent(report.covered[k], units[k]) << " %";
  return text.str();
}

}  // namespace sonde::app
