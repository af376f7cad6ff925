// Hands work items to ranks as they become idle, and calls them together when there is a reason to.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "comm/communicator.hpp"

namespace sonde::comm {

/// Items 0, 1, ..., each given to exactly one caller in the whole run: a counter at rank 0, raised by one-sided MPI.
///
/// Over a network without hardware atomics rank 0 must enter MPI for the others' requests to be answered: a request to
/// a rank that computes waits until it is done. So every rank calls poke() every few milliseconds.
///
/// next() and poke() may be called by several threads of a rank; a mutex lets one at a time into MPI. While they may be
/// in use no other thread may call MPI, but under the lock that meet() returns.
class WorkCounter {
 public:
  /// Collective; the first item is 0.
  explicit WorkCounter(Communicator const& comm);
  ~WorkCounter();
  WorkCounter(WorkCounter const&) = delete;
  WorkCounter& operator=(WorkCounter const&) = delete;

  /// The next item; the caller compares it with the number of items there are.
  std::int64_t next();
  /// Answers requests and hears calls of other ranks that have arrived; cheap.
  void poke();
  /// Starts again at item 0. Collective, called while no thread of any rank is in next().
  void reset();

  /// Asks all ranks to come to meet(); they hear of it when they poke next, without waiting for each other.
  void call();
  /// Whether a rank has called since the last meeting, as far as is known here.
  bool called() const { return called_; }
  /// Collective: every rank comes, because it was called or has nothing left to do. Returns when all are here, and runs
  /// `meanwhile` now and then until then. While the lock it returns is held no other thread of this rank is in MPI.
  /// call() and meet() are for one thread of a rank.
  [[nodiscard]] std::unique_lock<std::mutex> meet(std::function<void()> const& meanwhile);

 private:
  struct Window;
  void hear();

  std::mutex mutex_;
  std::unique_ptr<Window> window_;  // null when serial
  std::int64_t serial_next_ = 0;
  std::atomic<bool> called_{false};
  bool calls_ = false;      // this rank has called
  std::int64_t heard_ = 0;  // calls of other ranks
};

}  // namespace sonde::comm
