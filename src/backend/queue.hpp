// Order of work, and work that is recorded once and replayed.
#pragma once

#include <functional>
#include <memory>

namespace sonde::backend {

/// Where ops are enqueued: a CUDA stream, or on the CPU nothing, since calls run at once. One per model and worker.
class Queue {
 public:
  virtual ~Queue() = default;
  /// Returns when everything enqueued is done.
  virtual void wait() {}
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
