#include "generate/verify_tables.hpp"

#include <algorithm>
#include <numeric>

#include "base/check.hpp"
#include "generate/finding.hpp"

namespace sonde::generate {
namespace {

using Numbers = std::vector<std::int64_t>;

class Checker {
 public:
  Checker(io::H5File const& file, Setup const& setup) : file_(file), setup_(setup) {
    findings_ = read("/findings", {"pass", "seed_index", "kind", "target_model", "iterations"});
    seeds_ = read("/seeds", {"pass", "index", "status", "iterations"});
  }

  std::vector<std::string> problems() {
    check_finding_data();
    check_findings();
    check_seeds();
    check_history();
    return std::move(problems_);
  }

 private:
  std::vector<Numbers> read(std::string const& table, std::vector<std::string> const& names) const {
    std::vector<Numbers> columns;
    for (std::string const& name : names) {
      columns.push_back(file_.read<std::int64_t>(table + "/" + name));
      VALIDATE(columns.back().size() == columns.front().size(),
               "result " << file_.path() << ": columns of " << table
                         << " differ in length (it was damaged or edited). Run generate again.");
    }
    return columns;
  }

  void fail(std::string const& problem) { problems_.push_back(problem); }

  void check_finding_data() {
    auto const data = read("/finding_data", {"pass", "seed_index"});
    if (data[0] != findings_[0] || data[1] != findings_[1]) fail("/finding_data is of other seeds than /findings");
  }

  /// Whether rows are in the order (pass, seed index), each once.
  static bool in_order(Numbers const& pass, Numbers const& index) {
    for (std::size_t i = 1; i < pass.size(); ++i) {
      if (std::pair(pass[i - 1], index[i - 1]) >= std::pair(pass[i], index[i])) return false;
    }
    return true;
  }

  void check_findings() {
    if (!in_order(findings_[0], findings_[1])) fail("/findings is not in the order (pass, seed index)");
    auto const models = static_cast<std::int64_t>(setup_.models());
    for (std::size_t i = 0; i < findings_[0].size(); ++i) {
      std::int64_t const kind = findings_[2][i], target = findings_[3][i], iterations = findings_[4][i];
      bool const differed = kind == 0 && target == -1 && iterations == 0;
      bool const generated = kind == 1 && target >= 0 && target < models && iterations >= 1 &&
                             iterations <= setup_.config().max_iterations;
      if (differed || generated) continue;
      return fail("/findings: kind, target_model and iterations of finding " + std::to_string(i) + " do not fit");
    }
  }

  /// Both tables in one order: what is not exhausted is a finding, after as many iterations.
  void check_seeds() {
    if (!in_order(seeds_[0], seeds_[1])) return fail("/seeds is not in the order (pass, index)");
    std::size_t at = 0;
    for (std::size_t i = 0; i < seeds_[0].size(); ++i) {
      std::int64_t const status = seeds_[2][i];
      if (status == static_cast<std::int64_t>(Status::exhausted)) continue;
      bool const fits = at < findings_[0].size() && findings_[0][at] == seeds_[0][i] &&
                        findings_[1][at] == seeds_[1][i] && findings_[2][at] == status &&
                        findings_[4][at] == seeds_[3][i];
      if (!fits) return fail("/seeds and /findings differ on seed " + std::to_string(seeds_[1][i]));
      ++at;
    }
    if (at < findings_[0].size()) fail("/findings has seeds that /seeds has not");
  }

  /// Totals only grow, and end at what the other tables hold.
  void check_history() {
    std::vector<std::string> names{"seeds", "findings", "pass", "round"};
    Numbers ends{static_cast<std::int64_t>(seeds_[0].size()), static_cast<std::int64_t>(findings_[0].size()), 0, 0};
    for (std::size_t k = 0; k < setup_.models(); ++k) {
      auto const covered = file_.read<std::uint8_t>("/coverage/" + std::to_string(k) + "/covered");
      names.push_back("covered_" + std::to_string(k));
      ends.push_back(std::accumulate(covered.begin(), covered.end(), std::int64_t{0}));
    }
    auto const history = read("/coverage_history", names);
    ends[2] = seeds_[0].empty() ? 0 : seeds_[0].back();
    ends[3] = static_cast<std::int64_t>(history[3].size()) - 1;
    for (std::size_t column = 0; column < names.size(); ++column) {
      Numbers const& values = history[column];
      bool const fits = values.empty() || (std::ranges::is_sorted(values) && values.back() == ends[column]);
      if (!fits) fail("/coverage_history/" + names[column] + " does not grow to " + std::to_string(ends[column]));
    }
    if (history[0].empty() && !seeds_[0].empty()) fail("/coverage_history is empty");
  }

  io::H5File const& file_;
  Setup const& setup_;
  std::vector<Numbers> findings_, seeds_;
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> check_tables(io::H5File const& file, Setup const& setup) {
  return Checker(file, setup).problems();
}

}  // namespace sonde::generate
