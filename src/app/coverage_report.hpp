// What a coverage run says, for a person and as columns of its result file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coverage/survey.hpp"
#include "io/h5.hpp"

namespace sonde::app {

/// How right one model's answers are; NaN where a number does not exist.
struct Score {
  std::int64_t correct = 0;  // classes and binary
  double accuracy = 0;
  double rmse = 0, mean_absolute_error = 0, r2 = 0, correlation = 0;  // regression
};

/// Throws InputError when the labels do not fit the models or the number of records.
void check_labels(std::vector<double> const& labels, nn::Scan const& scan, std::string const& where);

/// answers (records) of one model against labels (records).
Score score(nn::Task task, std::vector<float> const& answers, std::vector<double> const& labels);

/// Records on which the models answer differently; none when they cannot be compared (one model, or different tasks).
std::optional<std::int64_t> disagreements(nn::Scan const& scan, coverage::Survey const& survey, double divergence);

struct CoverageReport {
  nn::Scan const& scan;
  coverage::Survey const& survey;
  std::vector<double> labels;  // empty when none were given
  std::vector<Score> scores;   // by model; empty when no labels were given
  std::optional<std::int64_t> differing;
  double seconds = 0;
};

std::string report_text(CoverageReport const& report);

/// The groups /models, /data, /coverage/<model>/<criterion>, /answers, /scores and /timing; by one rank.
void write_report(io::H5File& file, CoverageReport const& report);

}  // namespace sonde::app
