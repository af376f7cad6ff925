#include "inspect/result_state.hpp"

#include <sstream>

namespace sonde::inspect {
namespace {

/// An array (units, hypotheses) of which each rank holds a tile of units; one that is empty on all ranks is left out.
void save_pairs(StateWriter& state, std::string const& name, std::vector<double> const& values, std::int64_t columns) {
  auto const some = static_cast<std::int32_t>(!values.empty());
  if (comm::allreduce(state.comm(), comm::Reduction::max, some) != 0) state.rows(name, values, columns);
}

void load_pairs(StateReader const& state, std::string const& name, Result const& result, std::vector<double>& values) {
  if (!state.has_rows(name)) return;
  auto const columns = static_cast<std::int64_t>(result.columns.annotated.size());
  values = state.rows<double>(name, result.tile.first, result.tile.count, columns);
}

/// What the parts of a measure are called, a line each; the same on every rank that has units.
std::string part_names(std::vector<ScorePart> const& parts) {
  std::string text;
  for (ScorePart const& part : parts) text += part.name + '\t' + part.units + '\t' + part.description + '\n';
  return text;
}

std::vector<ScorePart> parts_of(std::string const& names) {
  std::vector<ScorePart> parts;
  std::istringstream lines(names);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    ScorePart& part = parts.emplace_back();
    std::getline(words, part.name, '\t');
    std::getline(words, part.units, '\t');
    std::getline(words, part.description);
  }
  return parts;
}

}  // namespace

void save_result(StateWriter& state, Result const& result) {
  auto const columns = static_cast<std::int64_t>(result.columns.annotated.size());
  for (std::size_t m = 0; m < result.measures.size(); ++m) {
    MeasureResult const& measure = result.measures[m];
    std::string const name = "measure" + std::to_string(m) + '/';
    // The first rank has units whenever any has.
    std::string parts = part_names(measure.scores.parts);
    comm::broadcast(state.comm(), parts);
    state.text(name + "parts", parts);
    save_pairs(state, name + "value", measure.scores.value, columns);
    save_pairs(state, name + "stderr", measure.scores.stderr_, columns);
    save_pairs(state, name + "p_value", measure.scores.p_value, columns);
    std::vector<ScorePart> const all = parts_of(parts);
    for (std::size_t p = 0; p < all.size(); ++p) {
      bool const here = p < measure.scores.parts.size();
      save_pairs(state, name + "part" + std::to_string(p), here ? measure.scores.parts[p].values : all[p].values,
                 columns);
    }
    state.whole(name + "rows", measure.rows);
    state.whole(name + "converged", measure.converged);
  }
  result.columns.save(state, "columns");
  state.whole("result", std::vector<std::int64_t>{result.rows, result.records, result.stopped_early ? 1 : 0});
  state.number("rank_error", result.rank_error);
}

void load_result(StateReader const& state, Result& result) {
  std::size_t const columns = result.columns.annotated.size();
  for (std::size_t m = 0; m < result.measures.size(); ++m) {
    MeasureResult& measure = result.measures[m];
    std::string const name = "measure" + std::to_string(m) + '/';
    load_pairs(state, name + "value", result, measure.scores.value);
    load_pairs(state, name + "stderr", result, measure.scores.stderr_);
    load_pairs(state, name + "p_value", result, measure.scores.p_value);
    measure.scores.parts = parts_of(state.text(name + "parts"));
    for (std::size_t p = 0; p < measure.scores.parts.size(); ++p)
      load_pairs(state, name + "part" + std::to_string(p), result, measure.scores.parts[p].values);
    measure.rows = state.whole<std::int64_t>(name + "rows", columns);
    measure.converged = state.whole<std::uint8_t>(name + "converged", columns);
  }
  result.columns.load(state, "columns");
  auto const counts = state.whole<std::int64_t>("result", 3);
  result.rows = counts[0];
  result.records = counts[1];
  result.stopped_early = counts[2] != 0;
  result.rank_error = state.whole<double>("rank_error", 1).front();
}

}  // namespace sonde::inspect
