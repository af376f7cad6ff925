#include "generate/run.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "base/check.hpp"
#include "base/timer.hpp"
#include "comm/agree.hpp"
#include "comm/collectives.hpp"
#include "comm/device_comm.hpp"
#include "comm/work_counter.hpp"
#include "device/device.hpp"
#include "generate/crew.hpp"
#include "tensor/buffer.hpp"

namespace sonde::generate {
namespace {

/// Rows held in memory before a checkpoint is made of them, per rank.
constexpr std::size_t largest_backlog = std::size_t{256} << 20;
/// Between two looks of the main thread at what workers and other ranks want.
constexpr auto look_every = std::chrono::milliseconds(10);
/// Workers that are told to stop may take so long to come to the end of their pass.
constexpr double patience = 5;  // seconds

/// What all ranks know after a meeting.
struct Orders {
  StopReason stop = StopReason::none;
  bool checkpoint = false, failed = false, round_done = false;
  bool stopping() const { return stop != StopReason::none; }
};

class Job {
 public:
  Job(Setup const& setup, comm::Communicator const& comm, RunOptions const& options, RunEvents const& events,
      RunState state)
      : setup_(setup),
        comm_(comm),
        options_(options),
        events_(events),
        state_(std::move(state)),
        written_(state_.totals.seeds),
        alert_(comm),
        counter_(comm, alert_),
        crew_(setup, counter_, alert_, options.threads) {
    if (&setup.memory() != &device::host_memory()) devices_ = comm::make_device_communicator(comm);
  }

  RunResult run() {
    Schedule schedule(setup_.config(), setup_.seeds().size());
    round_ = schedule.next();
    while (round_.number < state_.round && !round_.batches.empty()) round_ = schedule.next();
    while (!round_.batches.empty()) {
      Orders const orders = work();
      if (!orders.round_done) return {std::move(state_), orders.stop};
      end_round();
      state_.coverage_reached = reached(state_.history.back());
      if (state_.coverage_reached) break;
      round_ = schedule.next();
      if (round_.batches.empty()) break;
      if (orders.stopping() || orders.checkpoint) write_checkpoint();
      if (orders.stopping()) return {std::move(state_), orders.stop};
    }
    state_.complete = true;
    write_checkpoint();
    return {std::move(state_)};
  }

 private:
  /// Works on what is left of a round, until it is done or the run is to stop.
  Orders work() {
    state_.finished.resize(state_.finished.empty() ? round_.batches.size() : state_.finished.size());
    VALIDATE(state_.finished.size() == round_.batches.size(),
             "checkpoint: round " << round_.number << " had " << state_.finished.size() << " micro-batches, not "
                                  << round_.batches.size() << " (it is damaged). Give --overwrite to start anew.");
    unfinished_.clear();
    for (std::size_t i = 0; i < round_.batches.size(); ++i) {
      if (state_.finished[i] == 0) unfinished_.push_back(static_cast<std::int64_t>(i));
    }
    candidates_ = uncovered_units(setup_, state_.coverage);
    std::int64_t const seeds_before = state_.totals.seeds;
    counter_.reset();
    crew_.start(round_, unfinished_, candidates_, state_.credited);
    for (;;) {
      while (!crew_.wait(look_every) && !alert_.raised()) {
        look();
        if (comm_.is_root() && events_.progress)
          events_.progress(seeds_before + crew_.newest_item() * setup_.config().batch);
      }
      look();
      auto lock = alert_.meet([this] { look(); });
      Orders const orders = confer();
      if (orders.failed) fail(std::move(lock));
      if (orders.round_done) {
        lock.unlock();  // a worker may be about to learn that there are no items left
        while (!crew_.wait(look_every)) alert_.poke();
        return orders;
      }
      bool const anything_new = state_.totals.seeds > written_;
      if (orders.stopping() || (orders.checkpoint && anything_new)) write_checkpoint();
      if (comm_.is_root()) since_checkpoint_.restart();
      if (orders.stopping()) {
        end_workers(std::move(lock), orders.stop);
        return orders;
      }
    }
  }

  /// Answers other ranks, and calls them when there is a reason to meet.
  void look() {
    alert_.poke();
    if (stop_reason() != StopReason::none || crew_.failed() || checkpoint_is_due()) alert_.raise();
  }

  bool checkpoint_is_due() const {
    bool const time =
        comm_.is_root() && options_.checkpoint_every > 0 && since_checkpoint_.seconds() >= options_.checkpoint_every;
    return time || crew_.backlog() + backlog_ > largest_backlog;
  }

  /// Brings together what the ranks have finished, and what they want. Collective; workers may be at work.
  Orders confer() {
    std::array<std::int32_t, 3> wishes{static_cast<std::int32_t>(stop_reason()), checkpoint_is_due(), crew_.failed()};
    comm::allreduce(comm_, comm::Reduction::max, std::span<std::int32_t>(wishes));
    Harvest harvest = crew_.take(state_.credited);
    for (std::int64_t const item : harvest.items) state_.finished[static_cast<std::size_t>(item)] = 1;
    comm::allreduce(comm_, comm::Reduction::max, std::span<std::uint8_t>(state_.finished));
    for (auto& model : state_.credited) merge(model);
    Totals more;
    more.add(harvest);
    state_.totals.add(sum_over_ranks(more));
    backlog_ += bytes_of(harvest);
    pending_.add(std::move(harvest));
    bool const round_done = std::ranges::all_of(state_.finished, [](std::uint8_t done) { return done != 0; });
    return {StopReason{wishes[0]}, wishes[1] != 0, wishes[2] != 0, round_done};
  }

  /// covered = what any rank has covered.
  void merge(std::vector<std::uint8_t>& covered) const {
    if (!devices_) return comm::allreduce(comm_, comm::Reduction::max, std::span<std::uint8_t>(covered));
    Buffer<std::uint8_t> flags(std::span<std::uint8_t const>(covered), setup_.memory());
    devices_->allreduce_max(flags.data(), flags.size());
    device::read(covered.data(), flags.data(), flags.size());
  }

  Totals sum_over_ranks(Totals totals) const {
    std::array<std::int64_t, 6> counts{totals.seeds, totals.already_differed, totals.generated, totals.exhausted,
                                       totals.valid, totals.sample_iterations};
    std::array<double, 3> sums{totals.l1, totals.l2, totals.linf};
    comm::allreduce(comm_, comm::Reduction::sum, std::span<std::int64_t>(counts));
    comm::allreduce(comm_, comm::Reduction::sum, std::span<double>(sums));
    return {counts[0], counts[1], counts[2], counts[3], counts[4], counts[5], sums[0], sums[1], sums[2]};
  }

  void end_round() {
    state_.coverage = state_.credited;
    RoundReport report{round_.pass, round_.number, state_.totals, {}};
    for (auto const& model : state_.coverage)
      report.covered.push_back(std::accumulate(model.begin(), model.end(), std::int64_t{0}));
    state_.history.push_back(report);
    state_.finished.clear();
    ++state_.round;
    if (events_.round_done) events_.round_done(report);
  }

  bool reached(RoundReport const& report) const {
    double const share = setup_.config().until_coverage;
    auto const covered = std::accumulate(report.covered.begin(), report.covered.end(), std::int64_t{0});
    return share > 0 && static_cast<double>(covered) >= share * static_cast<double>(setup_.units());
  }

  void write_checkpoint() {
    if (events_.checkpoint) events_.checkpoint(pending_, state_);
    pending_ = {};
    backlog_ = 0;
    written_ = state_.totals.seeds;
    since_checkpoint_.restart();
  }

  /// Waits for the workers to come to the end of their pass, for some time. Returns the lock of a meeting after it.
  std::unique_lock<std::mutex> stop_workers(std::unique_lock<std::mutex> lock) {
    lock.unlock();  // a worker may be about to take an item
    crew_.stop();
    Timer const timer;
    while (!crew_.wait(look_every) && timer.seconds() < patience) alert_.poke();
    return alert_.meet([] {});
  }

  void end_workers(std::unique_lock<std::mutex> lock, StopReason reason) {
    lock = stop_workers(std::move(lock));
    auto const at_work = static_cast<std::int32_t>(!crew_.wait(std::chrono::seconds(0)));
    if (comm::allreduce(comm_, comm::Reduction::max, at_work) && events_.leave) events_.leave(reason, state_);
  }

  [[noreturn]] void fail(std::unique_lock<std::mutex> lock) {
    lock = stop_workers(std::move(lock));
    comm::agree(comm_, [this] { crew_.check(); });
    throw std::logic_error("a worker failed without an error");
  }

  Setup const& setup_;
  comm::Communicator const& comm_;
  RunOptions const& options_;
  RunEvents const& events_;
  RunState state_;
  Harvest pending_;          // rows of this rank that are not written
  std::size_t backlog_ = 0;  // their bytes
  std::int64_t written_;     // seeds whose rows are written, of all ranks
  Timer since_checkpoint_;
  comm::Alert alert_;
  comm::WorkCounter counter_;
  std::unique_ptr<comm::DeviceCommunicator> devices_;  // where the ranks' backends work on devices
  // What the workers are at; outlives them when an error ends the run.
  Round round_;
  std::vector<std::int64_t> unfinished_;
  Candidates candidates_;
  Crew crew_;
};

}  // namespace

RunResult run(Setup const& setup, comm::Communicator const& comm, RunOptions const& options, RunEvents const& events,
              RunState state) {
  if (state.complete) return {std::move(state)};
  return Job(setup, comm, options, events, std::move(state)).run();
}

}  // namespace sonde::generate
