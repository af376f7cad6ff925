#include "app/generate_watch.hpp"

#include "app/generate_summary.hpp"

namespace sonde::app {
namespace {

constexpr double event_interval = 10;  // seconds between two about progress

}  // namespace

GenerateWatch::GenerateWatch(CheckpointOptions const& options, bool is_root, std::vector<std::int64_t> units,
                             std::int64_t total, std::int64_t before)
    : units_(std::move(units)), total_(total), before_(before), line_(total, "seeds", is_root, before) {
  if (is_root && !options.events.empty()) events_ = std::make_unique<EventLog>(options.events, options.resume);
}

void GenerateWatch::progress(std::int64_t seeds) {
  line_.update(seeds);
  if (since_event_.seconds() < event_interval) return;
  since_event_.restart();
  event("progress", {{"seeds", seeds}, {"of", total_}, {"seeds_per_s", rate(seeds)}});
}

void GenerateWatch::round_done(generate::RoundReport const& report) {
  line_.note(round_text(report, units_));
  line_.update(report.totals.seeds);
  event("round", fields(report, rate(report.totals.seeds)));
}

EventLog::Fields GenerateWatch::fields(generate::RoundReport const& report, double seeds_per_second) const {
  generate::Totals const& totals = report.totals;
  EventLog::Fields fields{{"round", report.round},
                          {"pass", report.pass},
                          {"seeds", totals.seeds},
                          {"of", total_},
                          {"findings", totals.already_differed + totals.generated},
                          {"generated", totals.generated},
                          {"exhausted", totals.exhausted},
                          {"seeds_per_s", seeds_per_second}};
  for (std::size_t k = 0; k < units_.size(); ++k) {
    fields["covered"].push_back(report.covered[k]);
    fields["coverage"].push_back(static_cast<double>(report.covered[k]) / static_cast<double>(units_[k]));
  }
  return fields;
}

}  // namespace sonde::app
