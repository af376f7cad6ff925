// What a rank other than 0 prints of a test run.
#pragma once

#include <gtest/gtest.h>

#include <string>

namespace sonde::test {

/// Prints failures only, each with the rank; without it a failure on rank 1 would be silent.
class RankPrinter : public testing::EmptyTestEventListener {
 public:
  explicit RankPrinter(int rank) : rank_(rank) {}
  void OnTestStart(testing::TestInfo const& info) override;
  void OnTestPartResult(testing::TestPartResult const& result) override;
  void OnTestEnd(testing::TestInfo const& info) override;

 private:
  int rank_;
  // Kept from OnTestStart, since UnitTest::current_test_info() takes the lock under which results are reported.
  std::string running_ = "set-up";
};

}  // namespace sonde::test
