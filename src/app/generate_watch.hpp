// What a run of sonde generate tells while it works: progress for people, events for monitoring.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/checkpoint_options.hpp"
#include "app/events.hpp"
#include "app/progress.hpp"
#include "generate/run_state.hpp"

namespace sonde::app {

class GenerateWatch {
 public:
  /// Of rank 0, which alone tells. `units` of each model; `total` seeds in all passes, of which an earlier run has done
  /// `before`. Throws InputError when the file of events cannot be opened.
  GenerateWatch(CheckpointOptions const& options, bool is_root, std::vector<std::int64_t> units, std::int64_t total,
                std::int64_t before);

  /// So many seeds are handed out.
  void progress(std::int64_t seeds);
  void round_done(generate::RoundReport const& report);
  void event(std::string const& name, EventLog::Fields const& fields) {
    if (events_) events_->write(name, fields);
  }
  void close() { line_.close(); }

  /// What is told of a round.
  EventLog::Fields fields(generate::RoundReport const& report, double seeds_per_second) const;

  std::int64_t total() const { return total_; }

 private:
  double rate(std::int64_t seeds) const { return static_cast<double>(seeds - before_) / timer_.seconds(); }

  std::unique_ptr<EventLog> events_;  // null when not asked for
  std::vector<std::int64_t> units_;
  std::int64_t total_, before_;
  Progress line_;
  Timer timer_, since_event_;
};

}  // namespace sonde::app
