#include "base/log.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sonde {
namespace {

TEST(Log, WarningsAreObserved) {
  std::vector<std::string> seen;
  observe_warnings([&](std::string_view message) {
    seen.emplace_back(message);
    if (seen.size() == 1) SONDE_LOG(warning, "from the observer");
  });
  SONDE_LOG(warning, "disk " << 1);
  SONDE_LOG(info, "no warning");
  observe_warnings(nullptr);
  SONDE_LOG(warning, "unseen");
  EXPECT_EQ(seen, (std::vector<std::string>{"disk 1", "from the observer"}));
}

}  // namespace
}  // namespace sonde
