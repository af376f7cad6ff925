// A build without an accelerator.
#include "base/check.hpp"
#include "device/device.hpp"

namespace sonde::device {
namespace {

[[noreturn]] void fail() {
  throw Error("a device was asked for (this sonde was built without CUDA). Build with the preset cuda.");
}

}  // namespace

bool built_in() { return false; }

std::vector<Info> const& devices() {
  static std::vector<Info> const none;
  return none;
}

std::string const& why_none() {
  static std::string const reason = "this sonde was built without CUDA";
  return reason;
}

void choose(int) {}
Info const& chosen() { fail(); }
void make_current() { fail(); }
Memory& memory() { fail(); }
void read(void*, void const*, std::size_t) { fail(); }
Memory& pinned_memory() { return host_memory(); }
std::size_t free_memory() { return 0; }

}  // namespace sonde::device
