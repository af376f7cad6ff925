#include "inspect/run_control.hpp"

#include <algorithm>
#include <array>

#include "comm/collectives.hpp"

namespace sonde::inspect {
namespace {

constexpr double largest_share = 0.02;  // of the time, for checkpoints

}  // namespace

bool RunControl::stopping() {
  if (asked_() != StopReason::none) alert_.raise();
  alert_.poke();
  return alert_.raised();
}

void RunControl::meet() {
  alert_.meet([this] { stopping(); });
}

RunControl::Next RunControl::next() {
  bool const due = every_ > 0 && timer_.seconds() >= std::max(every_, wait_);
  std::array<std::int32_t, 2> wish{static_cast<std::int32_t>(asked_()), comm_.is_root() && due ? 1 : 0};
  comm::allreduce(comm_, comm::Reduction::max, std::span<std::int32_t>(wish));
  if (wish[0] > 0) {
    reason_ = StopReason{wish[0]};
    return Next::stop;
  }
  return wish[1] > 0 ? Next::checkpoint : Next::go_on;
}

void RunControl::written(double seconds) {
  wait_ = seconds / largest_share;
  timer_.restart();
}

}  // namespace sonde::inspect
