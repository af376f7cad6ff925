#include "inspect/run_control.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "comm/collectives.hpp"

namespace sonde::inspect {
namespace {

constexpr std::array<char const*, 3> reasons{"SIGUSR1", "SIGTERM", "--time-limit"};
constexpr double largest_share = 0.02;  // of the time, for checkpoints

/// Number of a reason, from 1; 0: none.
std::int32_t number_of(char const* reason) {
  if (!reason) return 0;
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    if (std::string_view(reason) == reasons[i]) return static_cast<std::int32_t>(i) + 1;
  }
  return 1;
}

}  // namespace

bool RunControl::stopping() {
  if (asked_()) alert_.raise();
  return alert_.raised();
}

void RunControl::meet() {
  alert_.meet([this] { stopping(); });
}

RunControl::Next RunControl::next() {
  bool const due = every_ > 0 && timer_.seconds() >= std::max(every_, wait_);
  std::array<std::int32_t, 2> wish{number_of(asked_()), comm_.is_root() && due ? 1 : 0};
  comm::allreduce(comm_, comm::Reduction::max, std::span<std::int32_t>(wish));
  if (wish[0] > 0) {
    alert_.raise();
    reason_ = reasons[static_cast<std::size_t>(wish[0]) - 1];
    return Next::stop;
  }
  return wish[1] > 0 ? Next::checkpoint : Next::go_on;
}

void RunControl::written(double seconds) {
  wait_ = seconds / largest_share;
  timer_.restart();
}

}  // namespace sonde::inspect
