// Word to all ranks that the run is to end, heard while they compute.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "comm/communicator.hpp"

namespace sonde::comm {

/// Starts lowered; any rank may raise it, and then it stays raised. Ranks that compute hear of it when they ask next,
/// without waiting for each other: one-sided MPI.
///
/// raised() and raise() may be called by several threads of a rank; a mutex lets one at a time into MPI. While they may
/// be in use no other thread may call MPI.
class Alert {
 public:
  /// Collective.
  explicit Alert(Communicator const& comm);
  ~Alert();
  Alert(Alert const&) = delete;
  Alert& operator=(Alert const&) = delete;

  void raise();
  /// Whether any rank has raised it, as far as is known here. Cheap; lets MPI answer what other ranks ask for.
  bool raised();

  /// Returns when every rank has come, and calls `meanwhile` now and then until then. Collective.
  void meet(std::function<void()> const& meanwhile);

 private:
  struct Window;

  std::mutex mutex_;
  std::atomic<bool> raised_{false};
  std::unique_ptr<Window> window_;  // null when serial
};

}  // namespace sonde::comm
