// Hands work items to ranks as they become idle.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "comm/communicator.hpp"

namespace sonde::comm {

/// Items 0, 1, ..., each given to exactly one caller in the whole run: a counter at rank 0, raised by one-sided MPI.
///
/// Over a network without hardware atomics rank 0 must enter MPI for the others' requests to be answered: a request to
/// a rank that computes waits until it is done. So every rank calls poke() once per ascent iteration.
///
/// next() and poke() may be called by several threads of a rank; a mutex lets one at a time into MPI. While they may be
/// in use no other thread may call MPI.
class WorkCounter {
 public:
  /// Collective; the first item is 0.
  explicit WorkCounter(Communicator const& comm);
  ~WorkCounter();
  WorkCounter(WorkCounter const&) = delete;
  WorkCounter& operator=(WorkCounter const&) = delete;

  /// The next item; the caller compares it with the number of items there are.
  std::int64_t next();
  /// Answers requests of other ranks that have arrived; cheap.
  void poke();
  /// Starts again at item 0. Collective, called while no thread of any rank is in next().
  void reset();

 private:
  struct Window;

  std::mutex mutex_;
  std::unique_ptr<Window> window_;  // null when serial
  std::int64_t serial_next_ = 0;
};

}  // namespace sonde::comm
