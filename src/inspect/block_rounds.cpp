#include "inspect/block_rounds.hpp"

#include <algorithm>
#include <exception>

#include "base/timer.hpp"
#include "comm/agree.hpp"
#include "comm/collectives.hpp"
#include "nn/worker_pool.hpp"

namespace sonde::inspect {
namespace {

constexpr double round_seconds = 1;
constexpr std::int64_t most_blocks = 256;  // of a worker in a round

}  // namespace

std::vector<std::int64_t> BlockRounds::run(std::vector<std::int64_t> const& blocks,
                                           std::function<bool(int, std::int64_t)> const& work) {
  std::vector<std::int64_t> own;
  for (std::int64_t const block : blocks) {
    if (block % comm_.size() == comm_.rank()) own.push_back(block);
  }
  std::vector<std::uint8_t> done(own.size());
  Timer timer;
  std::exception_ptr failure;
  try {
    nn::for_items(threads_, {0, static_cast<std::int64_t>(own.size())}, [&](int worker, std::int64_t i) {
      auto const place = static_cast<std::size_t>(i);
      done[place] = !control_.stopping() && work(worker, own[place]) ? 1 : 0;
    });
  } catch (...) {
    failure = std::current_exception();
    control_.fail();
  }
  control_.meet();
  comm::agree(comm_, [&] {
    if (failure) std::rethrow_exception(failure);
  });
  std::vector<std::int64_t> left;
  for (std::size_t i = 0; i < own.size(); ++i) {
    if (done[i] == 0) left.push_back(own[i]);
  }
  left = comm::allgather<std::int64_t>(comm_, left);
  std::ranges::sort(left);
  double const taken = comm::allreduce(comm_, comm::Reduction::max, timer.seconds());
  double const each = static_cast<double>(blocks.size()) / static_cast<double>(threads_ * comm_.size());
  double const fitting = round_seconds / std::max(taken, 1e-6) * std::max(each, 1.0);
  each_ =
      std::clamp<std::int64_t>(static_cast<std::int64_t>(std::min(fitting, 1e6)), 1, std::min(most_blocks, 4 * each_));
  return left;
}

}  // namespace sonde::inspect
