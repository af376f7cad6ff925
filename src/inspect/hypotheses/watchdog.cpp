#include "inspect/hypotheses/watchdog.hpp"

#include <sstream>
#include <thread>

#include "comm/mpi_session.hpp"

namespace sonde::inspect {

Watchdog::Watchdog() {
  std::thread([this] { run(); }).detach();
}

void Watchdog::start(std::string what, double seconds) {
  {
    std::scoped_lock const lock(mutex_);
    what_ = std::move(what);
    seconds_ = seconds;
  }
  restart();
}

void Watchdog::restart() {
  std::scoped_lock const lock(mutex_);
  deadline_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds_));
  watching_ = true;
  changed_.notify_one();
}

void Watchdog::stop() {
  std::scoped_lock const lock(mutex_);
  watching_ = false;
}

void Watchdog::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (!watching_) {
      changed_.wait(lock);
    } else if (Clock::now() < deadline_) {
      changed_.wait_until(lock, deadline_);
    } else {
      std::ostringstream message;
      message << what_ << " has not returned for " << seconds_
              << " s (it may loop, and nothing can stop a Python function). Mend it, or raise --hypothesis-timeout.";
      comm::abort_run(1, message.str().c_str());
    }
  }
}

}  // namespace sonde::inspect
