#include "app/coverage_report.hpp"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <limits>
#include <sstream>

#include "app/progress.hpp"
#include "base/check.hpp"
#include "coverage/coverage_record.hpp"
#include "io/result_file.hpp"
#include "nn/answer.hpp"
#include "nn/model_record.hpp"

namespace sonde::app {
namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

double ratio(double part, double whole) { return whole > 0 ? part / whole : undefined; }

Score regression_score(std::vector<float> const& answers, std::vector<double> const& labels) {
  auto const n = static_cast<double>(labels.size());
  double mean_answer = 0, mean_label = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    mean_answer += answers[i] / n;
    mean_label += labels[i] / n;
  }
  double squares = 0, absolute = 0, answer_variance = 0, label_variance = 0, covariance = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    double const error = answers[i] - labels[i];
    double const answer = answers[i] - mean_answer, label = labels[i] - mean_label;
    squares += error * error;
    absolute += std::abs(error);
    answer_variance += answer * answer;
    label_variance += label * label;
    covariance += answer * label;
  }
  Score result;
  result.accuracy = undefined;
  result.rmse = std::sqrt(squares / n);
  result.mean_absolute_error = absolute / n;
  result.r2 = 1 - ratio(squares, label_variance);
  result.correlation = ratio(covariance, std::sqrt(answer_variance * label_variance));
  return result;
}

bool is_regression(nn::Network const& network) { return network.task() == nn::Task::regression; }

std::string covered_text(std::int64_t covered, std::int64_t units) {
  std::ostringstream text;
  text << covered << " of " << units << " (" << std::fixed << std::setprecision(1)
       << 100.0 * static_cast<double>(covered) / static_cast<double>(units) << " %)";
  return text.str();
}

void print_score(std::ostream& text, Score const& score, nn::Network const& network, std::size_t records) {
  text << std::setprecision(4);
  auto const line = [&](char const* name) -> std::ostream& {
    return text << "  " << std::left << std::setw(24) << name;
  };
  if (!is_regression(network)) {
    line("accuracy") << score.accuracy << "  (" << score.correct << " of " << records << ")\n";
    return;
  }
  line("root mean square error") << score.rmse << '\n';
  line("mean absolute error") << score.mean_absolute_error << '\n';
  line("R2") << score.r2 << '\n';
  line("correlation") << score.correlation << '\n';
}

/// answers and, where given, the labels they are compared with: one row per record.
void write_answers(io::H5File& file, CoverageReport const& report) {
  std::string const group = "/answers";
  file.create_group(group);
  auto const& networks = report.scan.networks();
  for (std::size_t k = 0; k < networks.size(); ++k) {
    std::vector<float> const& answers = report.survey.answers(k);
    std::string const suffix = std::to_string(k);
    if (!is_regression(*networks[k])) {
      std::vector<std::int32_t> const labels(answers.begin(), answers.end());
      io::write_column(file, group + "/label_" + suffix, labels, "class", "label given by model " + suffix);
      continue;
    }
    std::string const name = group + "/output_" + suffix;
    std::int64_t const width = networks[k]->outputs();
    std::int64_t const records = report.scan.records().size();
    file.write(name, std::span<float const>(answers), width == 1 ? Shape{records} : Shape{records, width});
    file.write_attribute(name, "units", "model output");
    file.write_attribute(name, "description", "output of model " + suffix);
  }
  if (!report.labels.empty()) {
    io::write_column(file, group + "/given", report.labels, "class or target", "label that came with the data");
  }
}

void write_scores(io::H5File& file, std::vector<Score> const& scores) {
  auto const write = [&](char const* name, char const* units, char const* description, double Score::*member) {
    std::vector<double> values;
    for (Score const& score : scores) values.push_back(score.*member);
    io::write_column(file, std::string("/scores/") + name, values, units, description);
  };
  file.create_group("/scores");
  write("accuracy", "1", "share of records answered as labelled; NaN for a regression", &Score::accuracy);
  write("rmse", "model output", "root mean square error; 0 unless a regression", &Score::rmse);
  write("mean_absolute_error", "model output", "0 unless a regression", &Score::mean_absolute_error);
  write("r2", "1", "1 - squared error / variance of the labels; 0 unless a regression", &Score::r2);
  write("correlation", "1", "Pearson's, of outputs and labels; 0 unless a regression", &Score::correlation);
}

}  // namespace

void check_labels(std::vector<double> const& labels, nn::Scan const& scan, std::string const& where) {
  auto const records = static_cast<std::size_t>(scan.records().size());
  VALIDATE(labels.size() == records, "labels " << where << ": there are " << labels.size() << " for " << records
                                               << " records (one each is needed). Give the labels of these data.");
  for (auto const& network : scan.networks()) {
    if (is_regression(*network)) {
      VALIDATE(network->outputs() == 1, "labels " << where << ": model " << network->file().path << " has "
                                                  << network->outputs()
                                                  << " outputs (a label is one number). Leave --labels out.");
      continue;
    }
    auto const classes = network->task() == nn::Task::binary ? 2 : static_cast<double>(network->outputs());
    for (std::size_t i = 0; i < records; ++i) {
      VALIDATE(labels[i] >= 0 && labels[i] < classes && labels[i] == std::floor(labels[i]),
               "labels " << where << ": the label of record " << i << " is " << labels[i] << " (model "
                         << network->file().path << " knows the classes 0 to " << classes - 1
                         << "). Number the classes from 0, or add --regression.");
    }
  }
}

Score score(nn::Task task, std::vector<float> const& answers, std::vector<double> const& labels) {
  if (task == nn::Task::regression) return regression_score(answers, labels);
  Score result;
  for (std::size_t i = 0; i < labels.size(); ++i) result.correct += static_cast<double>(answers[i]) == labels[i];
  result.accuracy = static_cast<double>(result.correct) / static_cast<double>(labels.size());
  return result;
}

std::optional<std::int64_t> disagreements(nn::Scan const& scan, coverage::Survey const& survey, double divergence) {
  auto const& networks = scan.networks();
  auto const alike = [&](auto const& network) {
    return network->task() == networks.front()->task() && network->outputs() == networks.front()->outputs();
  };
  if (networks.size() < 2 || !std::ranges::all_of(networks, alike)) return std::nullopt;
  auto const width = static_cast<std::size_t>(coverage::Survey::answer_width(*networks.front()));
  bool const regression = is_regression(*networks.front());
  std::int64_t count = 0;
  std::vector<nn::Output> outputs(networks.size());
  for (std::size_t i = 0; i < static_cast<std::size_t>(scan.records().size()); ++i) {
    for (std::size_t k = 0; k < networks.size(); ++k) outputs[k] = {survey.answers(k).data() + i * width, width};
    count += regression ? nn::outputs_differ(outputs, divergence)
                        : std::ranges::any_of(outputs, [&](nn::Output o) { return o[0] != outputs[0][0]; });
  }
  return count;
}

std::string report_text(CoverageReport const& report) {
  auto const& networks = report.scan.networks();
  auto const records = static_cast<std::size_t>(report.scan.records().size());
  std::ostringstream text;
  std::vector<std::int64_t> covered(report.survey.criteria(), 0);
  std::int64_t units = 0;
  auto const line = [&](std::string const& name) -> std::ostream& {
    return text << "  " << std::left << std::setw(24) << name;
  };
  for (std::size_t k = 0; k < networks.size(); ++k) {
    text << networks[k]->file().path << '\n';
    if (!report.scores.empty()) print_score(text, report.scores[k], *networks[k], records);
    for (std::size_t c = 0; c < covered.size(); ++c) {
      auto const& criterion = report.survey.criterion(k, c);
      auto const count = covered_count(criterion, report.survey.state(k, c), networks[k]->units());
      line(criterion.definition()) << covered_text(count, networks[k]->units()) << '\n';
      covered[c] += count;
    }
    units += networks[k]->units();
  }
  if (networks.size() > 1) {
    text << "all models\n";
    for (std::size_t c = 0; c < covered.size(); ++c) {
      line(report.survey.criterion(0, c).definition()) << covered_text(covered[c], units) << '\n';
    }
  }
  if (report.differing) line("models disagree on") << *report.differing << " of " << records << " records\n";
  text << records << " records in " << duration_text(report.seconds) << '\n';
  return text.str();
}

void write_report(io::H5File& file, CoverageReport const& report) {
  auto const& networks = report.scan.networks();
  for (std::size_t k = 0; k < networks.size(); ++k) {
    nn::write_model(file, k, *networks[k], report.scan.backend_name(k));
    for (std::size_t c = 0; c < report.survey.criteria(); ++c) {
      auto const& criterion = report.survey.criterion(k, c);
      std::string const group = "/coverage/" + std::to_string(k) + "/" + criterion.definition();
      write_coverage(file, group, *networks[k], criterion, report.survey.state(k, c));
    }
  }
  io::write_data_facts(file, report.scan.records());
  write_answers(file, report);
  if (!report.scores.empty()) write_scores(file, report.scores);
  if (report.differing) file.write_attribute("/answers", "disagreements", *report.differing);
  file.create_group("/timing");
  io::write_column(file, "/timing/seconds", std::vector<double>{report.seconds}, "s", "running the models");
}

}  // namespace sonde::app
