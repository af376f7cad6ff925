// A run's rows and facts in the form of the result file (docs/results.md).
#pragma once

#include <string>
#include <vector>

#include "generate/run.hpp"
#include "io/h5.hpp"
#include "io/segments.hpp"

namespace sonde::generate {

/// Tables /findings, /finding_data and /seeds of this rank's new rows.
std::vector<io::Table> result_tables(Setup const& setup, Outcome const& outcome);

/// Row order of every table: (pass, seed index).
io::SortKeys result_order();

/// What a result says about itself.
struct Provenance {
  std::string config, command;  // effective options that decide the result; the command line
  std::string version, git;
  int ranks = 1, threads = 1;
};

/// Everything beside the tables: root attributes, /config, /command, /models, /coverage, /coverage_history and the stored domain.
void write_facts(io::H5File& file, Setup const& setup, RunResult const& result, Provenance const& provenance);

/// /timing: what may differ between runs of one configuration.
void write_timing(io::H5File& file, double seconds, double startup_seconds, Totals const& totals);

/// One line per counted layer: "name  shape  units".
std::string layer_listing(nn::Network const& network);

/// The stored domain of a result's findings, written by write_facts.
io::DatasetInfo stored_findings_info(io::H5File const& file);

}  // namespace sonde::generate
