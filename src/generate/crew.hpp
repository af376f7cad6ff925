// The workers of a rank: threads that take micro-batches of a round, beside the thread that talks to other ranks.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "comm/work_counter.hpp"
#include "generate/ledger.hpp"
#include "generate/schedule.hpp"

namespace sonde::generate {

/// All members but the threads' own are for one thread.
class Crew {
 public:
  /// Items are handed out by `counter`; workers poke `alert` once a pass.
  Crew(Setup const& setup, comm::WorkCounter& counter, comm::Alert& alert, int workers);
  /// Waits for the workers.
  ~Crew();
  Crew(Crew const&) = delete;
  Crew& operator=(Crew const&) = delete;

  /// Workers start to take micro-batches of `round`: item i of the counter is number unfinished[i] of it. `known` is
  /// what they need not show to be covered. The others must outlive the work, and this object.
  void start(Round const& round, std::vector<std::int64_t> const& unfinished, Candidates const& candidates,
             CoverageState const& known);
  /// Waits at most so long for all workers to end: with the round, by a failure, or because they were stopped. Returns
  /// whether they have.
  bool wait(std::chrono::duration<double> longest);
  /// Asks the workers to end at their next pass; what they have not finished is lost.
  void stop() { stopping_ = true; }
  /// Throws what a worker has thrown.
  void check();

  /// What has been finished since the last call; adds what was covered to `credited`, which may also contain what was
  /// covered by micro-batches that are not finished.
  Harvest take(CoverageState& credited);
  /// Bytes that take() would return.
  std::size_t backlog() const { return backlog_; }
  /// Items handed out here so far, seen from the whole round: the newest one's number.
  std::int64_t newest_item() const { return newest_item_; }
  bool failed() const { return failed_; }

 private:
  struct Worker;
  void make_ascent(Worker& worker);
  void work(Worker& worker, Round const& round, std::vector<std::int64_t> const& unfinished,
            Candidates const& candidates);
  void hand_in(Worker& worker);

  Setup const& setup_;
  comm::WorkCounter& counter_;
  comm::Alert& alert_;
  std::vector<std::unique_ptr<Worker>> workers_;

  std::mutex making_;  // one ascent is made at a time
  std::mutex mutex_;   // of the members up to `running_`
  std::condition_variable ended_;
  Harvest harvest_;
  CoverageState credited_;
  std::exception_ptr failure_;
  int running_ = 0;

  std::atomic<bool> stopping_{false}, failed_{false};
  std::atomic<std::size_t> backlog_{0};
  std::atomic<std::int64_t> newest_item_{0};
  std::vector<std::jthread> threads_;
};

/// What rows take in memory.
std::size_t bytes_of(Harvest const& harvest);

/// state |= more
void merge(CoverageState& state, CoverageState const& more);

}  // namespace sonde::generate
