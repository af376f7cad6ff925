// Word to all ranks that there is a reason to come together, heard while they compute.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "comm/communicator.hpp"

namespace sonde::comm {

/// Any rank may raise it. Ranks that compute hear of it when they poke next, without waiting for each other, and come
/// to meet(), which lowers it again.
///
/// raise() and poke() may be called by several threads of a rank; a mutex lets one at a time into MPI. While they may
/// be in use no other thread may call MPI, but under that mutex: in_mpi().
class Alert {
 public:
  /// Collective.
  explicit Alert(Communicator const& comm);
  /// Collective, but when an exception is on its way.
  ~Alert();
  Alert(Alert const&) = delete;
  Alert& operator=(Alert const&) = delete;

  void raise();
  /// Lets MPI answer what other ranks ask for, and hears what has arrived; cheap.
  void poke();
  /// Whether a rank has raised it since the last meeting, as far as is known here.
  bool raised() const { return raised_; }

  /// Collective, by one thread: every rank comes, because the alert is raised or it has nothing left to do. Returns
  /// when all are here, and calls `meanwhile` now and then until then. While the lock it returns is held no other
  /// thread of this rank is in MPI.
  std::unique_lock<std::mutex> meet(std::function<void()> const& meanwhile);

  std::unique_lock<std::mutex> in_mpi() { return std::unique_lock(mutex_); }

 private:
  struct Channel;
  void hear();
  void settle();

  std::mutex mutex_;
  std::unique_ptr<Channel> channel_;  // null when serial
  std::atomic<bool> raised_{false};
  bool told_ = false;       // this rank has raised it
  std::int64_t heard_ = 0;  // words of other ranks
};

}  // namespace sonde::comm
