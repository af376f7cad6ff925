#include "coverage/survey.hpp"

#include <algorithm>
#include <set>

#include "base/check.hpp"
#include "comm/collectives.hpp"
#include "nn/answer.hpp"

namespace sonde::coverage {

Survey::Survey(nn::Scan& scan, std::vector<std::string> const& criteria) : scan_(scan), count_(criteria.size()) {
  std::int64_t const batch = scan.options().batch;
  std::int64_t most_outputs = 0;
  for (auto const& network : scan.networks()) most_outputs = std::max(most_outputs, network->outputs());
  for (int t = 0; t < scan.options().threads; ++t) {
    Part part;
    for (auto const& network : scan.networks()) {
      std::set<std::string> definitions;
      for (std::string const& text : criteria) {
        part.criteria.push_back(make_criterion(text, *network, batch));
        part.states.emplace_back(part.criteria.back()->state_size());
        std::string const definition = part.criteria.back()->definition();
        VALIDATE(definitions.insert(definition).second,
                 "--criterion " << text << ": " << definition << " stands twice (each is reported once). Remove one.");
      }
    }
    part.include.resize(static_cast<std::size_t>(batch));
    part.outputs.resize(static_cast<std::size_t>(batch * most_outputs));
    parts_.push_back(std::move(part));
  }
  answers_.resize(scan.networks().size());
}

std::int64_t Survey::answer_width(nn::Network const& network) {
  return network.task() == nn::Task::regression ? network.outputs() : 1;
}

void Survey::run_share(comm::Communicator const& comm, std::function<void(std::int64_t)> const& progress) {
  comm::Block const blocks = comm::block_of(scan_.blocks(), comm.rank(), comm.size());
  comm::Block const records = scan_.records_of(blocks);
  for (std::size_t k = 0; k < answers_.size(); ++k) {
    answers_[k].resize(static_cast<std::size_t>(records.count * answer_width(*scan_.networks()[k])));
  }
  scan_.run(
      blocks, [&](nn::Scan::Visit const& block) { visit(block, records.first); }, progress);
}

/// Called by several workers at once, each on its own part and its own records.
void Survey::visit(nn::Scan::Visit const& visit, std::int64_t first_record) {
  Part& part = parts_[static_cast<std::size_t>(visit.worker)];
  std::int64_t const batch = scan_.options().batch;
  std::fill(part.include.begin(), part.include.end(), std::uint8_t{0});
  std::fill_n(part.include.begin(), visit.count, std::uint8_t{1});
  for (std::size_t k = 0; k < visit.runners.size(); ++k) {
    nn::Runner& runner = visit.runners[k];
    for (std::size_t c = 0; c < count_; ++c) {
      part.criteria[at(k, c)]->update(runner, batch, part.include, part.states[at(k, c)]);
    }
    runner.outputs(batch, part.outputs.data());
    std::int64_t const width = answer_width(runner.network());
    keep_answers(runner.network(), visit.count, part.outputs.data(),
                 answers_[k].data() + (visit.first - first_record) * width);
  }
}

/// Labels, or the outputs themselves; a float holds every label below 2^24.
void Survey::keep_answers(nn::Network const& network, std::int64_t count, float const* outputs, float* answers) const {
  auto const width = static_cast<std::size_t>(network.outputs());
  if (network.task() == nn::Task::regression) {
    std::copy_n(outputs, static_cast<std::size_t>(count) * width, answers);
    return;
  }
  for (std::int64_t n = 0; n < count; ++n) {
    nn::Output const output(outputs + static_cast<std::size_t>(n) * width, width);
    answers[n] = static_cast<float>(nn::label_of(network.task(), output));
  }
}

void Survey::merge(comm::Communicator const& comm) {
  for (std::size_t i = 0; i < parts_.front().states.size(); ++i) {
    // Merge has the one kind, logical_or.
    auto& state = parts_.front().states[i];
    for (std::size_t t = 1; t < parts_.size(); ++t) {
      for (std::size_t u = 0; u < state.size(); ++u) state[u] |= parts_[t].states[i][u];
    }
    comm::allreduce(comm, comm::Reduction::bit_or, std::span<std::uint8_t>(state));
  }
  // Ranks hold consecutive records: their order is that of the data.
  for (auto& answers : answers_) answers = comm::gather<float>(comm, std::span<float const>(answers));
}

}  // namespace sonde::coverage
