// sonde coverage: what a plain data set covers of models.
#include <iostream>

#include "app/command.hpp"
#include "app/common_options.hpp"
#include "app/coverage_report.hpp"
#include "app/isolate.hpp"
#include "app/progress.hpp"
#include "app/scan_options.hpp"
#include "base/check.hpp"
#include "base/registry.hpp"
#include "base/timer.hpp"
#include "comm/agree.hpp"
#include "io/provenance.hpp"
#include "io/result_file.hpp"

namespace sonde::app {
namespace {

CommandLine make_coverage_line() {
  CommandLine line(
      "sonde coverage --model A [--model B ...] --data D [--labels L] [--criterion nc:threshold=T ...] "
      "[--out F.h5]",
      "Runs models on a data set and prints, for each model, the share of its neurons that the data cover by "
      "each\ncriterion; with labels also how right it is. The result does not depend on ranks or threads.");
  add_model_options(line);
  add_data_options(line, "data");
  add_text_options(line);
  std::string const known = "NAME:KEY=VALUE,..; known: " + join(coverage::criterion_names()) +
                            " (nc:threshold=T covers a neuron whose scaled value exceeds T); repeatable";
  line.group("Measures")
      ->add_options()(
          "criterion",
          po::value<std::vector<std::string>>()->value_name("C")->default_value({"nc:threshold=0"}, "nc:threshold=0"),
          known.c_str())("labels", po::value<std::string>()->value_name("DATA"),
                         "one class or target per record; --label-column then names a column of it. Without it "
                         "--label-column names a column of the data")(
          "divergence", po::value<double>()->default_value(0.2),
          "regressions disagree when further apart than this, and of different sign [model output]");
  add_scan_options(line);
  add_execution_options(line);
  add_output_options(line, false);
  line.epilogue(io::preprocess_help());
  return line;
}

class CoverageJob {
 public:
  CoverageJob(CommandLine& line, std::vector<std::string> const& words, comm::Communicator const& comm)
      : line_(line), words_(words), comm_(comm) {}

  int run() {
    nn::Scan::Networks networks;
    comm::agree(comm_, [&] {
      apply_log_level(line_, comm_);
      line_.number_in("divergence", 0, 1e30);
      if (line_.given("out")) check_output(line_);
    });
    Data const data = open_data(line_, "data", comm_);
    comm::agree(comm_, [&] { networks = read_networks(line_, line_.flag("regression"), data.sequence_length()); });
    std::vector<double> const labels = read_labels();
    auto const scan = make_scan(line_, std::move(networks), data, {}, comm_);
    std::unique_ptr<coverage::Survey> survey;
    comm::agree(comm_, [&] {
      if (!labels.empty()) check_labels(labels, *scan, labels_name());
      survey = std::make_unique<coverage::Survey>(*scan, line_.texts("criterion"));
    });
    if (line_.flag("dry-run")) return dry_run(*scan, 0, comm_);
    Timer timer;
    ScanProgress progress(*scan, comm_);
    comm::agree(comm_, [&] { survey->run_share(comm_, [&](std::int64_t done) { progress.update(done); }); });
    survey->merge(comm_);
    progress.close();
    finish({*scan, *survey, labels, {}, {}, timer.seconds()});
    return exit_done;
  }

 private:
  std::string labels_name() const { return line_.given("labels") ? line_.text("labels") : line_.text("data"); }

  std::vector<double> read_labels() const {
    std::string const column = line_.text("label-column");
    if (!line_.given("labels") && (column.empty() || !line_.given("data"))) return {};
    return io::read_labels(labels_name(), column, comm_).values;
  }

  /// Rank 0 alone holds the answers, prints and writes.
  void finish(CoverageReport report) {
    comm::agree(comm_, [&] {
      if (!comm_.is_root()) return;
      for (std::size_t k = 0; k < report.scan.networks().size() && !report.labels.empty(); ++k) {
        report.scores.push_back(score(report.scan.networks()[k]->task(), report.survey.answers(k), report.labels));
      }
      report.differing = disagreements(report.scan, report.survey, line_.number("divergence"));
      std::cout << report_text(report);
      if (!line_.given("out")) return;
      std::string const out = line_.text("out");
      auto file = io::H5File::create(io::unfinished_name(out));
      write_run_facts(file, "coverage", line_, words_, report.scan, comm_.size(), io::iso_time());
      write_report(file, report);
      file.close();
      io::finish_file(out);
      std::cout << "results in " << out << '\n';
    });
  }

  CommandLine& line_;
  std::vector<std::string> const& words_;
  comm::Communicator const& comm_;
};

}  // namespace

int run_coverage(std::vector<std::string> const& words, comm::Communicator const& comm) {
  CommandLine line = make_coverage_line();
  auto parsed = CommandLine::Result::run;
  comm::agree(comm, [&] { parsed = line.parse(words, comm.is_root()); });
  if (parsed != CommandLine::Result::run) return exit_done;
  open_isolated(line, comm);
  return CoverageJob(line, words, comm).run();
}

}  // namespace sonde::app
