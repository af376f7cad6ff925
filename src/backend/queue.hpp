// Order of work, and work that is recorded once and replayed.
#pragma once

#include <cstddef>
#include <cstring>
#include <functional>
#include <memory>

namespace sonde::backend {

/// Where ops are enqueued: a CUDA stream, or on the CPU nothing, since calls run at once. One per model and worker.
class Queue {
 public:
  virtual ~Queue() = default;
  /// Returns when everything enqueued is done.
  virtual void wait() {}
  /// What is enqueued here from now on starts when all that has been enqueued on `other` is done.
  virtual void wait_for(Queue& /*other*/) {}
  /// Copies between the host's memory and the backend's. The host's side stays as it is until wait().
  virtual void copy_in(void* to, void const* host, std::size_t bytes) { std::memcpy(to, host, bytes); }
  virtual void copy_out(void* host, void const* from, std::size_t bytes) { std::memcpy(host, from, bytes); }
};

/// A recorded sequence of ops. The CPU keeps the calls, CUDA captures a graph; so that both can be replayed, what
/// changes from one replay to the next (iteration, live count, picks, positions) is read from buffers, never from host
/// variables.
class Step {
 public:
  explicit Step(std::function<void()> calls) : calls_(std::move(calls)) {}
  virtual ~Step() = default;
  virtual void replay() { calls_(); }

 private:
  std::function<void()> calls_;
};

}  // namespace sonde::backend
