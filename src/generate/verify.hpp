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
  void check_group(std::int64_t first, std::span<Verdict const> verdicts, std::vector<float> const& inputs,
                   std::vector<float> const& seeds, VerifyReport& report) const;
  std::string check_finding(std::size_t row, Verdict const& verdict, std::span<float const> input,
                            std::span<float const> seed, bool& near_tie) const;
  bool coverage_matches(CoverageState const& state, std::vector<std::string>& problems) const;

  io::H5File file_;
  std::unique_ptr<Setup> setup_;
  std::shared_ptr<Columns const> columns_;
  double tolerance_;
  bool same_backend_ = true;
};

}  // namespace sonde::generate
