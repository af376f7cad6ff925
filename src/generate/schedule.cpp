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

/// A shuffled pass sorts the records by random keys; --num-seeds then takes the first of them, the same in every pass.
void Schedule::start_pass() {
  done_ = 0;
  order_.resize(static_cast<std::size_t>(records_));
  std::iota(order_.begin(), order_.end(), std::int64_t{0});
  auto const shuffle = [&](std::uint32_t pass) {
    std::vector<std::pair<std::uint64_t, std::int64_t>> keyed;
    for (std::int64_t index : order_) {
      auto const words = draw(config_.rng_seed, Purpose::order, {pass, static_cast<std::uint64_t>(index), 0, 0});
      keyed.emplace_back((std::uint64_t{words[0]} << 32) | words[1], index);
    }
    std::ranges::sort(keyed);
    std::ranges::transform(keyed, order_.begin(), &std::pair<std::uint64_t, std::int64_t>::second);
  };
  if (config_.order == Order::shuffle) shuffle(0);
  order_.resize(static_cast<std::size_t>(seeds_));
  if (config_.order == Order::shuffle && pass_ > 0) shuffle(pass_);
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
