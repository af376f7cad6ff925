// Re-runs the findings of a result from their stored bytes.
#pragma once

#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "generate/results.hpp"

namespace sonde::generate {

struct VerifyReport {
  std::int64_t findings = 0;
  std::int64_t failed = 0;
  std::int64_t near_ties = 0;  // other labels than stored, within the tolerance of a tie; only on another backend
  bool coverage_holds = false;
  bool tables_hold = false;           // check_tables() has found nothing
  std::vector<std::string> problems;  // one line each, on rank 0; at most a few hundred
};

class VerifyJob {
 public:
  /// Throws InputError when the file lacks what a result has.
  VerifyJob(io::H5File file, Config config, Networks networks, io::ModelDomain const& model_domain,
            backend::BackendMaker const& make_backend, double tolerance);

  /// Collective: ranks take turns by groups of the record batch.
  VerifyReport run(comm::Communicator const& comm);

 private:
  struct Columns;
  struct Group;
  void check_group(Group const& group, VerifyReport& report) const;
  std::string check_finding(Group const& group, std::size_t i, bool& near_tie) const;
  std::string check_input(std::size_t row, Verdict const& verdict, bool& near_tie) const;
  std::string check_change(std::size_t row, std::span<float const> input, std::span<float const> seed) const;
  std::string check_valid(Group const& group, std::size_t i) const;
  std::string check_seed(std::size_t row, Verdict const& input, Verdict const& seed, bool& near_tie) const;
  bool generated(std::size_t row) const;
  bool coverage_matches(CoverageState const& state, std::vector<std::string>& problems) const;

  io::H5File file_;
  std::unique_ptr<Setup> setup_;
  std::shared_ptr<Columns const> columns_;
  double tolerance_;
  bool same_backend_ = true;
  bool exact_ = true;         // every pass of the run can be had again to the bit, not only the recorder's
  bool knows_saved_ = false;  // published findings' saved forms too: not where rules of features have a part in them
  std::vector<std::string> table_problems_;
};

}  // namespace sonde::generate
