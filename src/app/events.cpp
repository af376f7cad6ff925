#include "app/events.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/check.hpp"
#include "base/log.hpp"
#include "io/provenance.hpp"

namespace sonde::app {
namespace {

/// Whether the file ends within a line, as a run that was killed may leave it.
bool ends_within_line(int file) {
  char last = '\n';
  off_t const size = ::lseek(file, 0, SEEK_END);
  return size > 0 && ::pread(file, &last, 1, size - 1) == 1 && last != '\n';
}

}  // namespace

EventLog::EventLog(std::string const& path, bool append) : path_(path) {
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | (append ? 0 : O_TRUNC), 0666);
  VALIDATE(file_ >= 0,
           "--events " << path << ": it cannot be opened (" << std::strerror(errno) << "). Name another file.");
  if (ends_within_line(file_)) [[maybe_unused]]
    auto const written = ::write(file_, "\n", 1);
  observe_warnings([this](std::string_view message) { write("warning", {{"message", message}}); });
}

EventLog::~EventLog() {
  if (path_.empty()) return;
  observe_warnings(nullptr);
  if (file_ >= 0) ::close(file_);
}

void EventLog::write(std::string const& event, Fields const& fields) {
  int reason = 0;
  {
    std::lock_guard const lock(mutex_);
    if (file_ < 0) return;
    Fields line{{"event", event}, {"time", io::iso_time()}, {"elapsed_s", timer_.seconds()}};
    line.update(fields);
    // Bytes that are no UTF-8, in a file's name, are replaced.
    std::string const text = line.dump(-1, ' ', false, Fields::error_handler_t::replace) + "\n";
    errno = ENOSPC;  // of a write that ends early
    if (::write(file_, text.data(), text.size()) == static_cast<ssize_t>(text.size())) return;
    reason = errno;
    ::close(file_);
    file_ = -1;  // a warning of the failure must not come here
  }
  SONDE_LOG(warning, "--events " << path_ << ": it cannot be written (" << std::strerror(reason)
                                 << "); events are no longer recorded, the run goes on. Free space.");
}

}  // namespace sonde::app
