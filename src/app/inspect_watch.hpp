// What an inspection tells while it runs: progress for people, events for monitoring.
#pragma once

#include <memory>
#include <string>

#include "app/checkpoint_options.hpp"
#include "app/events.hpp"
#include "app/progress.hpp"
#include "inspect/run.hpp"

namespace sonde::app {

class InspectWatch {
 public:
  /// Of rank 0, which alone tells. `total` records in all passes, of which an earlier run has read `before`. Throws
  /// InputError when the file of events cannot be opened.
  InspectWatch(CheckpointOptions const& options, bool is_root, std::string const& unit, std::int64_t total,
               std::int64_t before);

  void progress(inspect::Status const& status);
  void event(std::string const& name, EventLog::Fields const& fields) {
    if (events_) events_->write(name, fields);
  }
  void close() { progress_.close(); }

  /// Records read in all passes.
  std::int64_t records() const { return records_; }
  std::int64_t total() const { return total_; }

 private:
  std::unique_ptr<EventLog> events_;  // null when not asked for
  std::int64_t total_, records_;
  Progress progress_;
  Timer since_event_;
  std::int64_t looks_ = 0, told_;  // looks, records at the last event
};

}  // namespace sonde::app
