#include "harness/rank_printer.hpp"

#include <cstdio>

namespace sonde::test {

void RankPrinter::OnTestStart(testing::TestInfo const& info) {
  running_ = std::string(info.test_suite_name()) + "." + info.name();
}

void RankPrinter::OnTestPartResult(testing::TestPartResult const& result) {
  if (!result.failed()) return;
  std::fprintf(stderr, "[rank %d] %s:%d: failure in %s\n%s\n", rank_, result.file_name() ? result.file_name() : "?",
               result.line_number(), running_.c_str(), result.message());
}

void RankPrinter::OnTestEnd(testing::TestInfo const&) { running_ = "tear-down"; }

}  // namespace sonde::test
