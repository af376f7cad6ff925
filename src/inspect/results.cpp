#include "inspect/results.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "comm/collectives.hpp"
#include "inspect/statistics/uncertainty.hpp"
#include "io/result_file.hpp"

namespace sonde::inspect {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// An array (units, hypotheses) of which each rank holds a tile of units.
void write_pairs(io::ParallelFile& file, std::string const& name, std::vector<double> const& values, comm::Block tile,
                 Shape const& shape, std::string const& units, std::string const& description) {
  auto data = file.create_dataset(name, io::ElementType::float64, shape);
  file.write_rows(data, tile.first, tile.count, values.data());
  file.write_attribute(name, "units", units);
  file.write_attribute(name, "description", description);
}

void write_measure(io::ParallelFile& file, std::string const& group, Result const& result, std::size_t m,
                   std::vector<double> const& q, Shape const& shape, Config const& config) {
  MeasureResult const& measure = result.measures[m];
  io::H5File& h5 = file.file();
  h5.create_group(group);
  h5.write_attribute(group, "definition", measure.definition);
  h5.write_attribute(group, "description", measure.description);
  h5.write_attribute(group, "confidence", config.confidence);
  h5.write_attribute(group, "epsilon", config.epsilon);
  auto const pairs = [&](char const* name, std::vector<double> const& values, std::string const& units,
                         std::string const& description) {
    write_pairs(file, group + '/' + name, values, result.tile, shape, units, description);
  };
  pairs("value", measure.scores.value, measure.units, measure.description);
  if (measure.has_error) {
    pairs("stderr", measure.scores.stderr_, measure.units,
          "standard error by means of batches of records, without the finite-population factor");
  }
  if (measure.has_p_value) {
    std::string const when = result.stopped_early ? "; post-stopping: the run stopped early" : "";
    pairs("p_value", measure.scores.p_value, "1", "two-sided, of no affinity" + when);
    pairs("q_value", q, "1", "Benjamini-Hochberg over all pairs of the measure" + when);
  }
  for (ScorePart const& part : measure.scores.parts)
    pairs(part.name.c_str(), part.values, part.units, part.description);
  io::write_column(h5, group + "/rows", measure.rows, "rows", "rows that entered, per hypothesis");
  io::write_column(h5, group + "/converged", measure.converged, "1",
                   "1: every row entered, or every score of the hypothesis is known to epsilon");
}

/// Which of a probe's groups a unit belongs to; without probes, its model.
std::int32_t group_of(Result const& result, std::int64_t unit, std::int32_t model) {
  for (std::size_t i = 0; i < result.probes.size(); ++i) {
    comm::Block const units = result.probes[i].units;
    if (unit >= units.first && unit < units.first + units.count) return static_cast<std::int32_t>(i);
  }
  return model;
}

/// The rows of all groups of one probe, group by group.
template <class Get>
std::vector<double> by_group(std::vector<ProbeResult const*> const& groups, Get get) {
  std::vector<double> values;
  for (ProbeResult const* group : groups) {
    auto const& some = get(group->scores);
    values.insert(values.end(), some.begin(), some.end());
  }
  return values;
}

void write_probe(io::H5File& h5, std::string const& path, std::vector<ProbeResult const*> const& groups,
                 Shape const& pairs) {
  h5.create_group(path);
  h5.write_attribute(path, "definition", groups.front()->definition);
  h5.write_attribute(path, "description", groups.front()->description);
  h5.write_attribute(path, "group_value", groups.front()->scores.score_name);
  auto const write = [&](char const* name, std::vector<double> const& values, Shape const& shape, char const* about) {
    if (values.empty()) return;
    std::string const data = path + '/' + name;
    h5.write<double>(data, values, shape);
    h5.write_attribute(data, "units", "1");
    h5.write_attribute(data, "description", about);
  };
  Shape const per_group{static_cast<std::int64_t>(groups.size()), pairs.back()};
  write("value",
        by_group(
            groups, [](auto const& s) -> auto const& { return s.coefficient; }),
        pairs, "coefficient of the standardised unit");
  write("group_value",
        by_group(
            groups, [](auto const& s) -> auto const& { return s.score; }),
        per_group, "score of the group on held-out records");
  write("accuracy",
        by_group(
            groups, [](auto const& s) -> auto const& { return s.accuracy; }),
        per_group, "accuracy on held-out records");
  write("majority",
        by_group(
            groups, [](auto const& s) -> auto const& { return s.majority; }),
        per_group, "accuracy of always answering the more frequent value");
  write("control",
        by_group(
            groups, [](auto const& s) -> auto const& { return s.control; }),
        per_group, "the same score for random labels");
  write("selectivity",
        by_group(
            groups, [](auto const& s) -> auto const& { return s.selectivity; }),
        per_group, "score above that for random labels (Hewitt & Liang 2019)");
  write("intercept",
        by_group(
            groups, [](auto const& s) -> auto const& { return s.intercept; }),
        per_group, "constant term");
  write("gradient_norm",
        by_group(
            groups, [](auto const& s) -> auto const& { return s.gradient_norm; }),
        per_group, "largest component of the gradient at the end of training");
  std::vector<std::uint8_t> converged;
  std::vector<std::string> names;
  for (ProbeResult const* group : groups) {
    converged.insert(converged.end(), group->scores.converged.begin(), group->scores.converged.end());
    names.push_back(group->group);
  }
  h5.write<std::uint8_t>(path + "/converged", converged, per_group);
  h5.write_attribute(path + "/converged", "description", "1: training reached its tolerance");
  h5.write_texts(path + "/group", names);
}

void write_names(io::H5File& h5, Result const& result, UnitSource const& units, HypothesisSet const& hypotheses) {
  std::vector<std::int32_t> models, groups;
  std::vector<std::string> layers;
  std::vector<std::int64_t> numbers;
  for (std::size_t i = 0; i < units.units().size(); ++i) {
    UnitName const& unit = units.units()[i];
    models.push_back(unit.model);
    layers.push_back(unit.layer);
    numbers.push_back(unit.unit);
    groups.push_back(group_of(result, static_cast<std::int64_t>(i), unit.model));
  }
  h5.create_group("/units");
  io::write_column(h5, "/units/model", models, "1", "number of the model in /models");
  h5.write_texts("/units/layer", layers);
  io::write_column(h5, "/units/unit", numbers, "1", "place on the last axis of the layer's output");
  io::write_column(h5, "/units/group", groups, "1", "row of a joint measure's arrays by group");

  std::vector<std::string> names, kinds, definitions;
  std::vector<std::uint8_t> constant;
  for (HypothesisName const& hypothesis : hypotheses.names()) {
    constant.push_back(result.columns.constant(static_cast<std::int64_t>(names.size())) ? 1 : 0);
    names.push_back(hypothesis.name);
    kinds.push_back(hypothesis.kind);
    definitions.push_back(hypothesis.definition);
  }
  h5.create_group("/hypotheses");
  h5.write_texts("/hypotheses/name", names);
  h5.write_texts("/hypotheses/kind", kinds);
  h5.write_texts("/hypotheses/definition", definitions);
  io::write_column(h5, "/hypotheses/support", result.columns.support, "rows", "rows read whose value is not 0");
  io::write_column(h5, "/hypotheses/annotated", result.columns.annotated, "rows", "rows read that have a value");
  io::write_column(h5, "/hypotheses/constant", constant, "1", "1: one value in all rows read; its scores are NaN");
}

}  // namespace

QValues q_values(Result const& result, comm::Communicator const& comm) {
  QValues q;
  for (MeasureResult const& measure : result.measures) {
    q.emplace_back();
    if (!measure.has_p_value) continue;
    auto const own = static_cast<std::int64_t>(measure.scores.p_value.size());
    auto const first = static_cast<std::ptrdiff_t>(comm::sum_of_lower_ranks(comm, own));
    std::vector<double> const all =
        benjamini_hochberg(comm::allgather<double>(comm, std::span<double const>(measure.scores.p_value)));
    q.back().assign(all.begin() + first, all.begin() + first + own);
  }
  return q;
}

void write_results(io::ParallelFile& file, Result const& result, QValues const& q, UnitSource const& units,
                   HypothesisSet const& hypotheses, Config const& config) {
  write_names(file.file(), result, units, hypotheses);
  file.file().create_group("/scores");
  file.file().write_attribute("/scores", "rank_error", result.rank_error);
  Shape const pairs{static_cast<std::int64_t>(units.units().size()), hypotheses.size()};
  for (std::size_t m = 0; m < result.measures.size(); ++m) {
    write_measure(file, "/scores/" + result.measures[m].name, result, m, q[m], pairs, config);
  }
  for (std::size_t first = 0; first < result.probes.size();) {
    std::vector<ProbeResult const*> groups;
    std::size_t const probe = result.probes[first].probe;
    while (first < result.probes.size() && result.probes[first].probe == probe) {
      groups.push_back(&result.probes[first++]);
    }
    write_probe(file.file(), "/scores/" + groups.front()->name, groups, pairs);
  }
}

std::vector<StrongPair> strongest_pairs(Result const& result, std::size_t count, comm::Communicator const& comm) {
  std::vector<StrongPair> strongest;
  for (std::size_t m = 0; m < result.measures.size(); ++m) {
    Scores const& scores = result.measures[m].scores;
    double const none = result.measures[m].none;
    auto const columns = static_cast<std::int64_t>(result.measures[m].rows.size());
    std::vector<double> flat;  // unit, hypothesis, value, standard error
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < scores.value.size(); ++i) {
      if (!std::isnan(scores.value[i])) order.push_back(i);
    }
    auto const most = static_cast<std::ptrdiff_t>(std::min(count, order.size()));
    std::partial_sort(order.begin(), order.begin() + most, order.end(), [&](std::size_t a, std::size_t b) {
      return std::abs(scores.value[a] - none) > std::abs(scores.value[b] - none);
    });
    for (std::ptrdiff_t i = 0; i < most; ++i) {
      std::size_t const place = order[static_cast<std::size_t>(i)];
      auto const pair = static_cast<std::int64_t>(place);
      flat.insert(flat.end(),
                  {static_cast<double>(result.tile.first + pair / columns), static_cast<double>(pair % columns),
                   scores.value[place], scores.stderr_.empty() ? nan : scores.stderr_[place]});
    }
    flat = comm::allgather<double>(comm, std::span<double const>(flat));
    std::vector<StrongPair> pairs;
    for (std::size_t i = 0; i + 3 < flat.size(); i += 4) {
      pairs.push_back(
          {m, static_cast<std::int64_t>(flat[i]), static_cast<std::int64_t>(flat[i + 1]), flat[i + 2], flat[i + 3]});
    }
    std::ranges::stable_sort(pairs, [none](StrongPair const& a, StrongPair const& b) {
      return std::abs(a.value - none) > std::abs(b.value - none);
    });
    pairs.resize(std::min(pairs.size(), count));
    strongest.insert(strongest.end(), pairs.begin(), pairs.end());
  }
  return strongest;
}

}  // namespace sonde::inspect
