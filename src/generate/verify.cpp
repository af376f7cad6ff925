#include "generate/verify.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "base/check.hpp"
#include "comm/collectives.hpp"
#include "generate/ladder.hpp"
#include "generate/verify_tables.hpp"

namespace sonde::generate {
namespace {

constexpr std::size_t most_problems = 200;

/// The stored inputs of a result as a data set.
class StoredFindings final : public io::Dataset {
 public:
  StoredFindings(io::DatasetInfo info, io::H5Dataset data) : Dataset(std::move(info)), data_(std::move(data)) {}

 private:
  void fetch(std::span<std::int64_t const> indices, float* rows) const override {
    data_.read_row_list<float>(indices, {rows, indices.size() * static_cast<std::size_t>(data_.row_elements())});
  }
  io::H5Dataset data_;
};

}  // namespace

/// What the result says of its findings.
struct VerifyJob::Columns {
  std::vector<std::int32_t> pass, kind, seed_label;
  std::vector<std::int64_t> seed_index;
  std::vector<std::uint8_t> valid;
  std::vector<double> l1, l2, linf;
  std::vector<std::vector<std::int64_t>> labels;  // per model; none of a regression
  std::vector<std::vector<double>> confidences;   // per model; a regression's outputs
};

/// Findings that are run together.
struct VerifyJob::Group {
  std::int64_t first = 0;
  std::vector<float> inputs, seeds;                    // (n, F) stored values
  std::vector<Verdict> of_inputs, of_seeds, of_saved;  // (n); of_saved may be empty
  std::vector<float> saved;                            // (n, F) published findings in the form that is saved

  std::span<float const> row(std::vector<float> const& values, std::size_t i) const {
    std::size_t const features = inputs.size() / of_inputs.size();
    return std::span(values).subspan(i * features, features);
  }
};

VerifyJob::VerifyJob(io::H5File file, Config config, Networks networks, io::ModelDomain const& model_domain,
                     backend::BackendMaker const& make_backend, double tolerance)
    : file_(std::move(file)), tolerance_(tolerance) {
  auto info = stored_findings_info(file_);
  // Rules of features decide what an ascent may do, not what a stored input means; and their file may be gone.
  knows_saved_ = config.mode == Mode::published && !config.constraint.starts_with("features");
  config.constraint = "none";
  config.target = -1;
  auto seeds = std::make_shared<StoredFindings>(std::move(info), file_.dataset("/finding_data/input"));
  auto columns = std::make_shared<Columns>();
  auto& c = *columns;
  c.pass = file_.read<std::int32_t>("/findings/pass");
  c.kind = file_.read<std::int32_t>("/findings/kind");
  c.seed_index = file_.read<std::int64_t>("/findings/seed_index");
  c.valid = file_.read<std::uint8_t>("/findings/valid");
  c.l1 = file_.read<double>("/findings/l1");
  c.l2 = file_.read<double>("/findings/l2");
  c.linf = file_.read<double>("/findings/linf");
  bool const regression = networks.front()->task() == nn::Task::regression;
  if (!regression) c.seed_label = file_.read<std::int32_t>("/findings/seed_label");
  for (std::size_t k = 0; k < networks.size(); ++k) {
    std::string const suffix = std::to_string(k);
    c.confidences.push_back(file_.read<double>((regression ? "/findings/output_" : "/findings/confidence_") + suffix));
    if (!regression) c.labels.push_back(file_.read<std::int64_t>("/findings/label_" + suffix));
  }
  auto const rows = c.seed_index.size();
  bool even = c.pass.size() == rows && c.kind.size() == rows && c.valid.size() == rows && c.l1.size() == rows &&
              c.l2.size() == rows && c.linf.size() == rows && seeds->size() == static_cast<std::int64_t>(rows) &&
              (regression || c.seed_label.size() == rows) &&
              file_.dataset("/finding_data/seed").shape() == file_.dataset("/finding_data/input").shape();
  for (auto const& labels : c.labels) even = even && labels.size() == rows;
  for (auto const& confidences : c.confidences) even = even && confidences.size() == rows;
  VALIDATE(even,
           "result " << file_.path()
                     << ": its columns differ in length or shape (it was damaged or edited). Run generate again.");
  columns_ = std::move(columns);
  setup_ =
      std::make_unique<Setup>(std::move(config), std::move(networks), std::move(seeds), model_domain, make_backend);
  for (std::size_t k = 0; k < setup_->models(); ++k) {
    same_backend_ =
        same_backend_ && file_.text_attribute("/models/" + std::to_string(k), "backend") == setup_->backend(k)->name();
  }
  exact_ = same_backend_ && setup_->independent();
  knows_saved_ = knows_saved_ && exact_;  // otherwise the ascent's own values were not what was stored, to the bit
  table_problems_ = check_tables(file_, *setup_);
}

VerifyReport VerifyJob::run(comm::Communicator const& comm) {
  Models models(*setup_, Models::Use::record);
  Recorder recorder(*setup_, models, record_batch(setup_->config().batch));
  // Read from the file itself: a data set would refuse what published mode leaves outside the range.
  auto const input_data = file_.dataset("/finding_data/input"), seed_data = file_.dataset("/finding_data/seed");
  auto const features = static_cast<std::size_t>(setup_->domain().features());
  CoverageState coverage = empty_coverage(*setup_);
  VerifyReport report;
  auto const copy = [](std::span<Verdict const> verdicts) { return std::vector(verdicts.begin(), verdicts.end()); };
  auto const count = static_cast<std::int64_t>(columns_->seed_index.size());
  report.findings = count;
  std::int64_t const stride = recorder.batch() * comm.size();
  for (std::int64_t first = recorder.batch() * comm.rank(); first < count; first += stride) {
    auto const rows = static_cast<std::size_t>(std::min(recorder.batch(), count - first));
    std::vector<std::int64_t> indices(rows);
    for (std::size_t i = 0; i < rows; ++i) indices[i] = first + static_cast<std::int64_t>(i);
    Group group;
    group.first = first;
    group.inputs.resize(rows * features);
    group.seeds.resize(rows * features);
    input_data.read_row_list<float>(indices, group.inputs);
    seed_data.read_row_list<float>(indices, group.seeds);
    group.of_inputs = copy(recorder.evaluate(group.inputs));
    recorder.credit(std::vector<std::uint8_t>(rows, 1), coverage);
    group.of_seeds = copy(recorder.evaluate(group.seeds));
    if (knows_saved_) {
      group.saved.resize(group.inputs.size());
      std::vector<float> x(group.inputs.size());
      setup_->domain().to_units(group.inputs, x);
      for (std::size_t i = 0; i < rows; ++i) {
        setup_->domain().to_saved(std::span(x).subspan(i * features, features), group.row(group.seeds, i),
                                  std::span(group.saved).subspan(i * features, features));
      }
      group.of_saved = copy(recorder.evaluate(group.saved));
    }
    check_group(group, report);
  }
  for (auto& state : coverage) comm::allreduce(comm, comm::Reduction::max, std::span<std::uint8_t>(state));
  report.failed = comm::allreduce(comm, comm::Reduction::sum, report.failed);
  report.near_ties = comm::allreduce(comm, comm::Reduction::sum, report.near_ties);
  std::string text;
  for (std::string const& problem : report.problems) text += problem + '\n';
  auto const all = comm::gather<char>(comm, text);
  report.problems.clear();
  std::istringstream lines(std::string(all.begin(), all.end()));
  for (std::string line; std::getline(lines, line);) report.problems.push_back(line);
  report.coverage_holds = coverage_matches(coverage, report.problems);
  report.tables_hold = table_problems_.empty();
  report.problems.insert(report.problems.end(), table_problems_.begin(), table_problems_.end());
  return report;
}

void VerifyJob::check_group(Group const& group, VerifyReport& report) const {
  for (std::size_t i = 0; i < group.of_inputs.size(); ++i) {
    auto const row = static_cast<std::size_t>(group.first) + i;
    bool near_tie = false;
    std::string const problem = check_finding(group, i, near_tie);
    if (problem.empty()) continue;
    ++(near_tie ? report.near_ties : report.failed);
    std::ostringstream line;
    line << "finding " << row << " (pass " << columns_->pass[row] << ", seed " << columns_->seed_index[row]
         << ", margin " << group.of_inputs[i].margin << "): " << problem << (near_tie ? " (near tie)" : "");
    if (report.problems.size() < most_problems) report.problems.push_back(line.str());
  }
}

/// Empty when the finding holds.
std::string VerifyJob::check_finding(Group const& group, std::size_t i, bool& near_tie) const {
  auto const row = static_cast<std::size_t>(group.first) + i;
  std::string problem = check_input(row, group.of_inputs[i], near_tie);
  if (problem.empty()) problem = check_change(row, group.row(group.inputs, i), group.row(group.seeds, i));
  if (problem.empty()) problem = check_valid(group, i);
  if (problem.empty()) problem = check_seed(row, group.of_inputs[i], group.of_seeds[i], near_tie);
  return problem;
}

/// What the models say of the input.
std::string VerifyJob::check_input(std::size_t row, Verdict const& verdict, bool& near_tie) const {
  Columns const& c = *columns_;
  near_tie = !same_backend_ && verdict.margin <= tolerance_;
  if (!verdict.disagree) return "the models agree";
  for (std::size_t k = 0; k < c.labels.size(); ++k) {
    if (c.labels[k][row] != verdict.labels[k]) {
      return "model " + std::to_string(k) + " says " + std::to_string(verdict.labels[k]) + ", stored is " +
             std::to_string(c.labels[k][row]);
    }
  }
  // A confidence far from a tie may still move by much on another backend: the logits behind it can be large.
  bool const comparable = same_backend_ || c.labels.empty();
  for (std::size_t k = 0; comparable && k < c.confidences.size(); ++k) {
    double const stored = c.confidences[k][row];
    double const allowed = same_backend_ ? 0 : tolerance_ * std::max(1.0, std::abs(stored));
    if (!(std::abs(stored - verdict.confidences[k]) <= allowed)) {
      return "model " + std::to_string(k) +
             (c.labels.empty() ? " gives another output than stored" : " has another confidence than stored");
    }
  }
  near_tie = false;  // what follows does not depend on it
  return "";
}

/// How the input differs from its seed, whatever models say.
std::string VerifyJob::check_change(std::size_t row, std::span<float const> input, std::span<float const> seed) const {
  Columns const& c = *columns_;
  double l1 = 0, squares = 0, linf = 0;
  for (std::size_t i = 0; i < input.size(); ++i) {
    double const change =
        std::abs(static_cast<double>(input[i]) - static_cast<double>(seed[i])) / setup_->domain().range();
    l1 += change;
    squares += change * change;
    linf = std::max(linf, change);
  }
  auto const differs = [](double a, double b) { return !(std::abs(a - b) <= 1e-12 * std::max(1.0, std::abs(b))); };
  if (differs(l1, c.l1[row]) || differs(std::sqrt(squares), c.l2[row]) || differs(linf, c.linf[row]))
    return "the stored distances are not those of the stored input";
  if (!generated(row) && l1 != 0) return "the models differed on the seed, but the stored input is not the seed";
  if (generated(row) && setup_->config().mode == Mode::valid && !setup_->domain().is_valid(input, seed))
    return "the input is constant or equals its seed";
  return "";
}

/// The column `valid`.
std::string VerifyJob::check_valid(Group const& group, std::size_t i) const {
  auto const row = static_cast<std::size_t>(group.first) + i;
  bool valid = true;
  if (generated(row) && setup_->config().mode == Mode::published) {
    if (!knows_saved_) return "";
    auto const seed = group.row(group.seeds, i);
    valid = setup_->domain().is_valid(group.row(group.inputs, i), seed) &&
            setup_->domain().is_valid(group.row(group.saved, i), seed) && group.of_saved[i].disagree;
  }
  if (columns_->valid[row] == (valid ? 1 : 0)) return "";
  return valid ? "it holds when saved, stored is that it does not"
               : "it does not hold when saved, stored is that it does";
}

/// What the models say of the seed: of one that an input was generated from, the same.
std::string VerifyJob::check_seed(std::size_t row, Verdict const& input, Verdict const& seed, bool& near_tie) const {
  Verdict const& verdict = generated(row) ? seed : input;
  near_tie = !exact_ && verdict.margin <= tolerance_;
  if (generated(row) && seed.disagree) return "the models already differ on the seed";
  if (columns_->seed_label.empty() || columns_->seed_label[row] == verdict.labels[0]) return "";
  return "the label of the seed is " + std::to_string(verdict.labels[0]) + ", stored is " +
         std::to_string(columns_->seed_label[row]);
}

bool VerifyJob::generated(std::size_t row) const {
  return columns_->kind[row] == static_cast<std::int32_t>(Kind::generated);
}

bool VerifyJob::coverage_matches(CoverageState const& state, std::vector<std::string>& problems) const {
  bool matches = true;
  for (std::size_t k = 0; k < state.size(); ++k) {
    auto const stored = file_.read<std::uint8_t>("/coverage/" + std::to_string(k) + "/covered");
    VALIDATE(stored.size() == state[k].size(),
             "result " << file_.path() << ": /coverage/" << k
                       << " has another number of neurons than the model (it was damaged or edited).");
    std::int64_t different = 0;
    for (std::size_t i = 0; i < stored.size(); ++i) different += stored[i] != state[k][i];
    if (different == 0) continue;
    problems.push_back("coverage of model " + std::to_string(k) + ": " + std::to_string(different) +
                       " neurons differ from those stored");
    // Another backend rounds differently: neurons right at the threshold may flip.
    matches =
        matches && !same_backend_ && static_cast<double>(different) <= 1e-3 * static_cast<double>(stored.size()) + 1;
  }
  return matches;
}

}  // namespace sonde::generate
