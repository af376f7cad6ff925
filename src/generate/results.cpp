#include "generate/results.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>

#include "base/check.hpp"
#include "base/registry.hpp"
#include "coverage/coverage_record.hpp"
#include "nn/model_record.hpp"

namespace sonde::generate {
namespace {

/// A column of one value per row, read from each row by `get`.
template <class T, class Rows, class Get>
io::Column column(Rows const& rows, char const* name, char const* units, std::string const& description, Get get) {
  std::vector<T> values;
  values.reserve(rows.size());
  for (auto const& row : rows) values.push_back(static_cast<T>(get(row)));
  return io::make_column<T>(name, units, description, values);
}

/// As T; a whole number too large for it, which float32 has rounded up, becomes its largest.
template <class T>
T stored_as(float value) {
  if constexpr (std::is_integral_v<T>) {
    if (value >= static_cast<float>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
    if (value <= static_cast<float>(std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
  }
  return static_cast<T>(value);
}

template <class T>
void append_as(std::vector<std::byte>& bytes, std::vector<float> const& values) {
  std::size_t at = bytes.size();
  bytes.resize(at + values.size() * sizeof(T));
  for (float value : values) {
    T const stored = stored_as<T>(value);
    std::memcpy(bytes.data() + at, &stored, sizeof(T));
    at += sizeof(T);
  }
}

/// Values of the stored domain fit the data's own type: to_stored() has seen to it.
void append(io::ElementType type, std::vector<std::byte>& bytes, std::vector<float> const& values) {
  switch (type) {
    case io::ElementType::int8:
      return append_as<std::int8_t>(bytes, values);
    case io::ElementType::uint8:
      return append_as<std::uint8_t>(bytes, values);
    case io::ElementType::int16:
      return append_as<std::int16_t>(bytes, values);
    case io::ElementType::uint16:
      return append_as<std::uint16_t>(bytes, values);
    case io::ElementType::int32:
      return append_as<std::int32_t>(bytes, values);
    case io::ElementType::uint32:
      return append_as<std::uint32_t>(bytes, values);
    case io::ElementType::int64:
      return append_as<std::int64_t>(bytes, values);
    case io::ElementType::uint64:
      return append_as<std::uint64_t>(bytes, values);
    case io::ElementType::float32:
      return append_as<float>(bytes, values);
    case io::ElementType::float64:
      return append_as<double>(bytes, values);
    case io::ElementType::text:
      break;
  }
  SONDE_FAIL_AS(std::logic_error, "inputs are numbers");
}

io::Column samples(Setup const& setup, std::vector<Finding> const& findings, char const* name, char const* description,
                   std::vector<float> Finding::*values, io::ElementType type) {
  io::Column data{name, "stored value", description, type, 0, setup.domain().sample(), {}};
  data.bytes.reserve(findings.size() * static_cast<std::size_t>(setup.domain().features()) * io::size_of(type));
  for (Finding const& finding : findings) append(type, data.bytes, finding.*values);
  return data;
}

io::Table findings_table(Setup const& setup, std::vector<Finding> const& rows) {
  io::Table table{"findings", {}};
  auto& c = table.columns;
  c.push_back(
      column<std::int32_t>(rows, "pass", "1", "pass over the seeds, from 0", [](auto const& f) { return f.pass; }));
  c.push_back(column<std::int64_t>(rows, "seed_index", "1", "record of the seed in the data",
                                   [](auto const& f) { return f.seed_index; }));
  c.push_back(column<std::uint8_t>(rows, "kind", "1", "0 the models already differed on the seed, 1 generated",
                                   [](auto const& f) { return f.kind; }));
  c.push_back(column<std::int32_t>(rows, "target_model", "1", "model the ascent pushed away; -1 none",
                                   [](auto const& f) { return f.target_model; }));
  c.push_back(column<std::int32_t>(rows, "iterations", "1", "ascent iterations until found",
                                   [](auto const& f) { return f.iterations; }));
  bool const regression = setup.objective().task() == nn::Task::regression;
  for (std::size_t k = 0; k < setup.models(); ++k) {
    std::string const suffix = std::to_string(k);
    if (regression) {
      c.push_back(column<double>(rows, ("output_" + suffix).c_str(), "model output", "output of model " + suffix,
                                 [k](auto const& f) { return f.confidences[k]; }));
      continue;
    }
    c.push_back(column<std::int32_t>(rows, ("label_" + suffix).c_str(), "class", "label given by model " + suffix,
                                     [k](auto const& f) { return f.labels[k]; }));
    c.push_back(column<double>(rows, ("confidence_" + suffix).c_str(), "probability",
                               "of model " + suffix + " in its label",
                               [k](auto const& f) { return f.confidences[k]; }));
  }
  if (!regression) {
    c.push_back(column<std::int32_t>(rows, "seed_label", "class",
                                     "label of the seed (model 0's where the models already differed)",
                                     [](auto const& f) { return f.seed_label; }));
  }
  c.push_back(column<double>(rows, "l1", "stored range", "sum of absolute changes from the seed",
                             [](auto const& f) { return f.l1; }));
  c.push_back(column<double>(rows, "l2", "stored range", "Euclidean distance from the seed",
                             [](auto const& f) { return f.l2; }));
  c.push_back(column<double>(rows, "linf", "stored range", "largest absolute change from the seed",
                             [](auto const& f) { return f.linf; }));
  c.push_back(column<std::uint8_t>(rows, "valid", "1",
                                   "1: holds when clipped and rounded to the data's type, not constant, not the seed",
                                   [](auto const& f) { return f.valid; }));
  return table;
}

io::Table data_table(Setup const& setup, std::vector<Finding> const& rows) {
  io::Table table{"finding_data", {}};
  auto& c = table.columns;
  c.push_back(column<std::int32_t>(rows, "pass", "1", "as in /findings", [](auto const& f) { return f.pass; }));
  c.push_back(
      column<std::int64_t>(rows, "seed_index", "1", "as in /findings", [](auto const& f) { return f.seed_index; }));
  c.push_back(
      samples(setup, rows, "input", "difference-inducing input", &Finding::input, setup.domain().stored_type()));
  c.push_back(samples(setup, rows, "seed", "seed it started from", &Finding::seed, setup.domain().seed_type()));
  return table;
}

io::Table seeds_table(std::vector<SeedRecord> const& rows) {
  io::Table table{"seeds", {}};
  auto& c = table.columns;
  c.push_back(
      column<std::int32_t>(rows, "pass", "1", "pass over the seeds, from 0", [](auto const& s) { return s.pass; }));
  c.push_back(column<std::int64_t>(rows, "index", "1", "record in the data", [](auto const& s) { return s.index; }));
  c.push_back(column<std::uint8_t>(rows, "status", "1", "0 already differed, 1 generated, 2 exhausted",
                                   [](auto const& s) { return s.status; }));
  c.push_back(column<std::int32_t>(rows, "iterations", "1", "ascent iterations spent",
                                   [](auto const& s) { return s.iterations; }));
  return table;
}

void write_history(io::H5File& file, Setup const& setup, std::vector<RoundReport> const& history) {
  std::string const group = "/coverage_history";
  file.create_group(group);
  auto const write = [&](std::string const& name, std::string const& description, auto get) {
    std::vector<std::int64_t> values;
    for (RoundReport const& report : history) values.push_back(get(report));
    io::write_column(file, group + "/" + name, values, "1", description);
  };
  write("pass", "pass over the seeds", [](auto const& r) { return static_cast<std::int64_t>(r.pass); });
  write("round", "round, over all passes", [](auto const& r) { return r.round; });
  write("seeds", "seeds done by the end of the round", [](auto const& r) { return r.totals.seeds; });
  write("findings", "findings by the end of the round",
        [](auto const& r) { return r.totals.already_differed + r.totals.generated; });
  for (std::size_t k = 0; k < setup.models(); ++k) {
    write("covered_" + std::to_string(k), "neurons of model " + std::to_string(k) + " covered by the end of the round",
          [k](auto const& r) { return r.covered[k]; });
  }
}

/// What is needed to read the stored inputs back as the models saw them.
void write_domain(io::H5File& file, Setup const& setup) {
  io::StoredDomain const& domain = setup.seeds().domain();
  std::string const group = "/finding_data";
  file.write_attribute(group, "path", setup.seeds().path());
  file.write_attribute(group, "sha256", setup.seeds().sha256());
  file.write_attribute(group, "type", io::name_of(domain.type));
  file.write_attribute(group, "range_known", domain.known ? 1 : 0);
  file.write_attribute(group, "lo", domain.lo);
  file.write_attribute(group, "hi", domain.hi);
  file.write_attribute(group, "levels", domain.levels);
  if (!setup.seeds().feature_names().empty()) file.write_texts("/feature_names", setup.seeds().feature_names());
}

}  // namespace

std::vector<io::Table> result_tables(Setup const& setup, Harvest const& rows) {
  return {findings_table(setup, rows.findings), data_table(setup, rows.findings), seeds_table(rows.seeds)};
}

io::SortKeys result_order() {
  return {{"findings", {"pass", "seed_index"}}, {"finding_data", {"pass", "seed_index"}}, {"seeds", {"pass", "index"}}};
}

void write_facts(io::H5File& file, Setup const& setup, RunState const& state, io::Provenance const& provenance) {
  std::vector<std::string> backends;
  for (std::size_t k = 0; k < setup.models(); ++k) backends.push_back(setup.backend(k)->name());
  io::write_provenance(file, "sonde-generate", join(backends), provenance);
  file.write_attribute("/", "step", setup.step());
  for (std::size_t k = 0; k < setup.models(); ++k) {
    nn::write_model(file, k, *setup.networks()[k], backends[k]);
    coverage::write_coverage(file, "/coverage/" + std::to_string(k), *setup.networks()[k], *setup.make_criterion(k, 1),
                             state.coverage[k]);
  }
  write_history(file, setup, state.history);
  write_domain(file, setup);
}

void write_timing(io::H5File& file, double seconds, double startup_seconds, Totals const& totals) {
  file.create_group("/timing");
  auto const write = [&](char const* name, double value, char const* units, char const* description) {
    io::write_column(file, std::string("/timing/") + name, std::vector<double>{value}, units, description);
  };
  write("seconds", seconds, "s", "from the first round to the last");
  write("startup_seconds", startup_seconds, "s", "from the start of the program to the first round");
  write("seeds_per_second", static_cast<double>(totals.seeds) / seconds, "1/s", "over all ranks");
  write("sample_iterations_per_second", static_cast<double>(totals.sample_iterations) / seconds, "1/s",
        "over all ranks");
}

io::DatasetInfo stored_findings_info(io::H5File const& file) {
  std::string const group = "/finding_data";
  io::DatasetInfo info;
  info.path = file.path() + ":/finding_data/input";
  auto const input = file.dataset(group + "/input");
  info.size = input.rows();
  info.sample_shape.assign(input.shape().begin() + 1, input.shape().end());
  std::string const type = file.text_attribute(group, "type");
  for (int t = 0; t < static_cast<int>(io::ElementType::text); ++t) {
    if (type == io::name_of(static_cast<io::ElementType>(t))) info.domain.type = static_cast<io::ElementType>(t);
  }
  info.domain.integer = !io::is_float(info.domain.type);
  info.domain.known = file.number_attribute(group, "range_known") != 0;
  info.domain.lo = file.number_attribute(group, "lo");
  info.domain.hi = file.number_attribute(group, "hi");
  info.domain.levels = static_cast<std::int64_t>(file.number_attribute(group, "levels"));
  return info;
}

}  // namespace sonde::generate
