#include "app/inspect_summary.hpp"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>

#include "base/registry.hpp"
#include "comm/collectives.hpp"

namespace sonde::app {
namespace {

std::string unit_text(inspect::UnitName const& unit, bool several_models) {
  std::string const model = several_models ? std::to_string(unit.model) + ':' : "";
  return model + unit.layer + '[' + std::to_string(unit.unit) + ']';
}

void show_pairs(std::ostream& out, std::string const& name, std::vector<inspect::StrongPair> const& pairs,
                std::size_t measure, inspect::UnitSource const& units, inspect::HypothesisSet const& hypotheses) {
  bool const several = units.units().back().model > 0;
  out << name << (pairs.empty() ? "\n" : ": strongest pairs\n");
  for (inspect::StrongPair const& pair : pairs) {
    if (pair.measure != measure) continue;
    std::ostringstream error;
    if (!std::isnan(pair.stderr_)) error << std::setprecision(2) << " (se " << pair.stderr_ << ')';
    out << "  " << std::setw(11) << pair.value << std::left << std::setw(14) << error.str() << std::setw(18)
        << unit_text(units.units()[static_cast<std::size_t>(pair.unit)], several) << std::right << "  "
        << hypotheses.names()[static_cast<std::size_t>(pair.hypothesis)].name << '\n';
  }
}

void show_probe(std::ostream& out, inspect::ProbeResult const& probe, inspect::HypothesisSet const& hypotheses,
                std::size_t top) {
  inspect::ProbeScores const& scores = probe.scores;
  std::vector<std::size_t> order;
  for (std::size_t h = 0; h < scores.score.size(); ++h) {
    if (!std::isnan(scores.score[h])) order.push_back(h);
  }
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return scores.score[a] > scores.score[b]; });
  order.resize(std::min(order.size(), top));
  out << probe.definition << ", units of " << (probe.group == "all" ? "all models" : "group " + probe.group)
      << ": best decoded on held-out records (" << scores.score_name << ", accuracy, majority, control)\n";
  auto const number = [](std::vector<double> const& values, std::size_t h) {
    std::ostringstream text;
    if (h < values.size() && !std::isnan(values[h])) text << std::fixed << std::setprecision(3) << values[h];
    return text.str().empty() ? std::string("-") : text.str();
  };
  for (std::size_t h : order) {
    out << "  " << std::setw(7) << number(scores.score, h) << std::setw(9) << number(scores.accuracy, h) << std::setw(9)
        << number(scores.majority, h) << std::setw(9) << number(scores.control, h) << "  " << hypotheses.names()[h].name
        << '\n';
  }
  std::int64_t open = 0, defined = 0;
  for (std::size_t h = 0; h < scores.score.size(); ++h) {
    if (std::isnan(scores.score[h])) continue;
    ++defined;
    open += scores.converged[h] == 0 ? 1 : 0;
  }
  if (open > 0) {
    out << "  " << open << " of " << defined
        << " did not reach their tolerance (gradient_norm says how far they are)\n";
  }
}

}  // namespace

std::string inspect_summary(inspect::Result const& result, inspect::QValues const& q, inspect::UnitSource const& units,
                            inspect::HypothesisSet const& hypotheses, std::size_t top, comm::Communicator const& comm) {
  std::ostringstream out;
  out << std::setprecision(4);
  auto const pairs = inspect::strongest_pairs(result, top, comm);
  for (std::size_t m = 0; m < result.measures.size(); ++m) {
    show_pairs(out, result.measures[m].definition, pairs, m, units, hypotheses);
    if (!result.measures[m].has_p_value) continue;
    auto const found =
        static_cast<std::int64_t>(std::ranges::count_if(q[m], [](double value) { return value < 0.05; }));
    auto const all = comm::allreduce(comm, comm::Reduction::sum, found);
    out << "  " << all << " of " << static_cast<std::int64_t>(units.units().size()) * hypotheses.size()
        << " pairs at a false discovery rate of 5 %\n";
  }
  if (result.rank_error > 0) {
    out << "ranks are binned: off by at most " << 100 * result.rank_error
        << " % of the rows (--memory makes them exact)\n";
  }
  for (inspect::ProbeResult const& probe : result.probes) show_probe(out, probe, hypotheses, top);
  std::vector<std::string> constant;
  for (std::int64_t h = 0; h < hypotheses.size(); ++h) {
    if (result.columns.constant(h)) constant.push_back(hypotheses.names()[static_cast<std::size_t>(h)].name);
  }
  if (!constant.empty()) {
    std::size_t const more = constant.size() > 8 ? constant.size() - 8 : 0;
    constant.resize(constant.size() - more);
    out << "constant in all rows read, scored NaN: " << join(constant)
        << (more > 0 ? " and " + std::to_string(more) + " more" : "") << '\n';
  }
  return out.str();
}

}  // namespace sonde::app
