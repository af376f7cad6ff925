#include "app/inspect_watch.hpp"

#include <sstream>

namespace sonde::app {
namespace {

constexpr double event_interval = 10;  // seconds between two about progress

std::string note_of(inspect::Status const& status) {
  if (!status.note.empty() || status.widest < 0) return status.note;
  std::ostringstream text;
  text << status.converged << " hypotheses settled, widest +- " << status.widest;
  return text.str();
}

}  // namespace

InspectWatch::InspectWatch(CheckpointOptions const& options, bool is_root, std::string const& unit, std::int64_t total,
                           std::int64_t before)
    : total_(total), records_(before), progress_(total, unit, is_root, before), told_(before) {
  if (is_root && !options.events.empty()) events_ = std::make_unique<EventLog>(options.events, options.resume);
}

void InspectWatch::progress(inspect::Status const& status) {
  records_ = status.records;
  progress_.note(note_of(status));
  progress_.update(records_);
  bool const looked = status.looks != looks_;
  if (!events_ || (!looked && since_event_.seconds() < event_interval)) return;
  EventLog::Fields fields{{"records", records_}, {"of", total_}};
  fields["records_per_s"] = static_cast<double>(records_ - told_) / since_event_.seconds();
  if (status.widest >= 0) fields.update({{"settled", status.converged}, {"widest", status.widest}});
  if (!status.note.empty()) fields["note"] = status.note;
  event(looked ? "look" : "progress", fields);
  looks_ = status.looks;
  told_ = records_;
  since_event_.restart();
}

}  // namespace sonde::app
