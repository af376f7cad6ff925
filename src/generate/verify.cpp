#include "generate/verify.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "base/check.hpp"
#include "comm/collectives.hpp"
#include "generate/ladder.hpp"

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

VerifyJob::VerifyJob(io::H5File file, Config config, Networks networks, io::ModelDomain const& model_domain,
                     backend::BackendMaker const& make_backend, double tolerance)
    : file_(std::move(file)), tolerance_(tolerance) {
  auto info = stored_findings_info(file_);
  // Rules of features decide what an ascent may do, not what a stored input means; and their file may be gone.
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
}

VerifyReport VerifyJob::run(comm::Communicator const& comm) {
  Models models(*setup_, Models::Use::record);
  Recorder recorder(*setup_, models, record_batch(setup_->config().batch));
  // Read from the file itself: a data set would refuse what published mode leaves outside the range.
  auto const input_data = file_.dataset("/finding_data/input"), seed_data = file_.dataset("/finding_data/seed");
  auto const features = static_cast<std::size_t>(setup_->domain().features());
  CoverageState coverage = empty_coverage(*setup_);
  VerifyReport report;
  auto const count = static_cast<std::int64_t>(columns_->seed_index.size());
  report.findings = count;
  std::int64_t const stride = recorder.batch() * comm.size();
  for (std::int64_t first = recorder.batch() * comm.rank(); first < count; first += stride) {
    auto const rows = static_cast<std::size_t>(std::min(recorder.batch(), count - first));
    std::vector<std::int64_t> indices(rows);
    for (std::size_t i = 0; i < rows; ++i) indices[i] = first + static_cast<std::int64_t>(i);
    std::vector<float> inputs(rows * features), seeds(rows * features);
    input_data.read_row_list<float>(indices, inputs);
    seed_data.read_row_list<float>(indices, seeds);
    auto const verdicts = recorder.evaluate(inputs);
    recorder.credit(std::vector<std::uint8_t>(rows, 1), coverage);
    check_group(first, verdicts, inputs, seeds, report);
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
  return report;
}

void VerifyJob::check_group(std::int64_t first, std::span<Verdict const> verdicts, std::vector<float> const& inputs,
                            std::vector<float> const& seeds, VerifyReport& report) const {
  std::size_t const features = inputs.size() / verdicts.size();
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    auto const row = static_cast<std::size_t>(first) + i;
    bool near_tie = false;
    std::string const problem = check_finding(row, verdicts[i], std::span(inputs).subspan(i * features, features),
                                              std::span(seeds).subspan(i * features, features), near_tie);
    if (problem.empty()) continue;
    ++(near_tie ? report.near_ties : report.failed);
    std::ostringstream line;
    line << "finding " << row << " (pass " << columns_->pass[row] << ", seed " << columns_->seed_index[row]
         << ", margin " << verdicts[i].margin << "): " << problem << (near_tie ? " (near tie)" : "");
    if (report.problems.size() < most_problems) report.problems.push_back(line.str());
  }
}

/// Empty when the finding holds.
std::string VerifyJob::check_finding(std::size_t row, Verdict const& verdict, std::span<float const> input,
                                     std::span<float const> seed, bool& near_tie) const {
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
  near_tie = false;  // what follows does not depend on the backend
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
  bool const generated = c.kind[row] == static_cast<std::int32_t>(Kind::generated);
  if (!generated && l1 != 0) return "the models differed on the seed, but the stored input is not the seed";
  if (generated && setup_->config().mode == Mode::valid && !setup_->domain().is_valid(input, seed))
    return "the input is constant or equals its seed";
  return "";
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
