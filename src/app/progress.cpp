#include "app/progress.hpp"

#include <unistd.h>

#include <cmath>
#include <iomanip>
#include <iostream>
#include <sstream>

namespace sonde::app {
namespace {

constexpr double terminal_interval = 0.2, log_interval = 60;  // seconds

}  // namespace

std::string duration_text(double seconds) {
  std::ostringstream text;
  if (seconds < 60) {
    text << std::fixed << std::setprecision(1) << seconds << " s";
    return text.str();
  }
  auto const whole = static_cast<std::int64_t>(std::llround(seconds));
  text << std::setfill('0');
  if (whole < 3600) {
    text << whole / 60 << " min " << std::setw(2) << whole % 60 << " s";
  } else {
    text << whole / 3600 << " h " << std::setw(2) << whole / 60 % 60 << " min";
  }
  return text.str();
}

Progress::Progress(std::int64_t total, std::string unit, bool enabled, std::int64_t before)
    : total_(total),
      before_(before),
      unit_(std::move(unit)),
      enabled_(enabled),
      terminal_(::isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() { close(); }

void Progress::update(std::int64_t done) {
  double const now = timer_.seconds();
  if (!enabled_ || now - last_ < (terminal_ ? terminal_interval : log_interval)) return;
  last_ = now;
  double const rate = static_cast<double>(done - before_) / now;
  std::ostringstream line;
  line << done << " of " << total_ << ' ' << unit_ << " (" << std::fixed << std::setprecision(1) << rate << "/s)";
  if (!note_.empty()) line << ", " << note_;
  if (done > before_) line << ", " << duration_text(static_cast<double>(total_ - done) / rate) << " left";
  // "\033[K" clears what a longer line before left behind.
  std::cerr << (terminal_ ? "\r" + line.str() + "\033[K" : line.str() + "\n") << std::flush;
  open_ = terminal_;
}

void Progress::close() {
  if (open_) std::cerr << "\r\033[K" << std::flush;
  open_ = false;
}

}  // namespace sonde::app
