#include <iomanip>

#include "device/memory.hpp"

namespace sonde::device {
namespace {

std::string gibibytes(std::size_t bytes) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(2) << static_cast<double>(bytes) / (1U << 30) << " GiB";
  return text.str();
}

std::string message(std::string const& place, std::size_t wanted, std::size_t free, std::size_t total) {
  return place + ": out of memory (" + gibibytes(wanted) + " more are wanted, " + gibibytes(free) + " of " +
         gibibytes(total) + " are free). Set a smaller --batch.";
}

}  // namespace

OutOfMemory::OutOfMemory(std::string const& place, std::size_t wanted, std::size_t free, std::size_t total)
    : Error(message(place, wanted, free, total)), wanted_(wanted) {}

}  // namespace sonde::device
