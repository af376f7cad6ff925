// Hands work items to ranks as they become idle.
#pragma once

#include <cstdint>
#include <memory>

#include "comm/alert.hpp"
#include "comm/communicator.hpp"

namespace sonde::comm {

/// Items 0, 1, ..., each given to exactly one caller in the whole run: a counter at rank 0, raised by one-sided MPI.
///
/// Over a network without hardware atomics rank 0 must enter MPI for the others' requests to be answered: a request to
/// a rank that computes waits until it is done. So every rank pokes the alert every few milliseconds.
class WorkCounter {
 public:
  /// Threads enter MPI one at a time, by the mutex of `alert`. Collective; the first item is 0.
  WorkCounter(Communicator const& comm, Alert& alert);
  ~WorkCounter();
  WorkCounter(WorkCounter const&) = delete;
  WorkCounter& operator=(WorkCounter const&) = delete;

  /// The next item; the caller compares it with the number of items there are. Any thread.
  std::int64_t next();
  /// Starts again at item 0. Collective, called while no thread of any rank is in next().
  void reset();

 private:
  struct Window;

  Alert& alert_;
  std::unique_ptr<Window> window_;  // null when serial
  std::int64_t serial_next_ = 0;
};

}  // namespace sonde::comm
