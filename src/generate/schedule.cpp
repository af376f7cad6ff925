#include "generate/schedule.hpp"

#include <algorithm>
#include <numeric>

#include "base/rng.hpp"

namespace sonde::generate {

Schedule::Schedule(Config const& config, std::int64_t records)
    : config_(config),
      records_(records),
      seeds_(config.num_seeds > 0 ? std::min(config.num_seeds, records) : records),
      size_(config.first_round) {
  start_pass();
}

/// --num-seeds takes the first of them, the same in every pass.
void Schedule::start_pass() {
  done_ = 0;
  order_.resize(static_cast<std::size_t>(records_));
  std::iota(order_.begin(), order_.end(), std::int64_t{0});
  if (config_.order == Order::shuffle) shuffle(config_.rng_seed, 0, order_);
  order_.resize(static_cast<std::size_t>(seeds_));
  if (config_.order == Order::shuffle && pass_ > 0) shuffle(config_.rng_seed, pass_, order_);
}

Round Schedule::next() {
  if (done_ == order_.size() && pass_ + 1 < config_.passes) {
    ++pass_;
    start_pass();
  }
  Round round{pass_, number_++, {}};
  std::size_t const end = std::min(order_.size(), done_ + static_cast<std::size_t>(size_));
  for (; done_ < end;) {
    std::size_t const last = std::min(end, done_ + static_cast<std::size_t>(config_.batch));
    round.batches.push_back(
        {pass_,
         {order_.begin() + static_cast<std::ptrdiff_t>(done_), order_.begin() + static_cast<std::ptrdiff_t>(last)}});
    done_ = last;
  }
  size_ = std::min(size_ * 2, std::max(config_.round, config_.first_round));
  return round;
}

}  // namespace sonde::generate
