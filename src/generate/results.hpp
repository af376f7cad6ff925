// A run's rows and facts in the form of the result file (docs/results.md).
#pragma once

#include <string>
#include <vector>

#include "generate/run.hpp"
#include "io/h5.hpp"
#include "io/result_file.hpp"
#include "io/segments.hpp"

namespace sonde::generate {

/// Tables /findings, /finding_data and /seeds of rows of this rank.
std::vector<io::Table> result_tables(Setup const& setup, Harvest const& rows);

/// Row order of every table: (pass, seed index).
io::SortKeys result_order();

/// Everything beside the tables: root attributes, /config, /command, /models, /coverage, /coverage_history and the
/// stored domain.
void write_facts(io::H5File& file, Setup const& setup, RunState const& state, io::Provenance const& provenance);

/// /timing: what may differ between runs of one configuration.
void write_timing(io::H5File& file, double seconds, double startup_seconds, Totals const& totals);

/// The stored domain of a result's findings, written by write_facts.
io::DatasetInfo stored_findings_info(io::H5File const& file);

}  // namespace sonde::generate
