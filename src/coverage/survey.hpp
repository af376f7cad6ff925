// What a plain data set covers of models, and what the models answer on it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "coverage/criterion.hpp"
#include "nn/scan.hpp"

namespace sonde::coverage {

class Survey {
 public:
  /// `criteria` are texts of make_criterion(). Throws InputError for a bad one, or one that stands twice.
  Survey(nn::Scan& scan, std::vector<std::string> const& criteria);

  /// Runs this rank's share of the records. Not collective. `progress` is called with the number of them done.
  void run_share(comm::Communicator const& comm, std::function<void(std::int64_t)> const& progress);
  /// Brings together what the ranks have found. Collective.
  void merge(comm::Communicator const& comm);

  std::size_t criteria() const { return count_; }
  Criterion const& criterion(std::size_t model, std::size_t c) const { return *parts_.front().criteria[at(model, c)]; }
  /// State of a criterion after merge(), on every rank.
  std::vector<std::uint8_t> const& state(std::size_t model, std::size_t c) const {
    return parts_.front().states[at(model, c)];
  }
  /// After merge(), on rank 0: (records, answer_width) labels, or the outputs of a regression. Empty on other ranks.
  std::vector<float> const& answers(std::size_t model) const { return answers_[model]; }
  /// 1 for labels, the number of outputs for a regression.
  static std::int64_t answer_width(nn::Network const& network);

 private:
  /// What one worker has gathered; indexed by at().
  struct Part {
    std::vector<std::unique_ptr<Criterion>> criteria;
    std::vector<std::vector<std::uint8_t>> states;
    std::vector<std::uint8_t> include;  // (batch)
    std::vector<float> outputs;         // (batch, outputs of the model with the most)
  };
  std::size_t at(std::size_t model, std::size_t c) const { return model * count_ + c; }
  void visit(nn::Scan::Visit const& visit, std::int64_t first_record);
  void keep_answers(nn::Network const& network, std::int64_t count, float const* outputs, float* answers) const;

  nn::Scan& scan_;
  std::size_t count_;
  std::vector<Part> parts_;                  // by worker
  std::vector<std::vector<float>> answers_;  // by model
};

}  // namespace sonde::coverage
