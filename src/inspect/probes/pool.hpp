// Scratch space for calls that run at the same time: each takes one and puts it back.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

namespace sonde::inspect {

/// As many as ever were in use at once are kept.
template <class Scratch>
class Pool {
 public:
  std::unique_ptr<Scratch> take() {
    std::scoped_lock const lock(mutex_);
    if (free_.empty()) return std::make_unique<Scratch>();
    auto scratch = std::move(free_.back());
    free_.pop_back();
    return scratch;
  }
  void put_back(std::unique_ptr<Scratch> scratch) {
    std::scoped_lock const lock(mutex_);
    free_.push_back(std::move(scratch));
  }
  /// All of them, while none is taken.
  std::vector<std::unique_ptr<Scratch>> const& all() const { return free_; }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Scratch>> free_;
};

}  // namespace sonde::inspect
