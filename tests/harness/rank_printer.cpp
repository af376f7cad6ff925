#include "harness/rank_printer.hpp"

#include <cstdio>

namespace sonde::test {

void RankPrinter::OnTestPartResult(testing::TestPartResult const& result) {
  if (!result.failed()) return;
  auto const* info = testing::UnitTest::GetInstance()->current_test_info();
  std::fprintf(stderr, "[rank %d] %s:%d: failure in %s.%s\n%s\n", rank_, result.file_name() ? result.file_name() : "?",
               result.line_number(), info ? info->test_suite_name() : "?", info ? info->name() : "?", result.message());
}

}  // namespace sonde::test
