// What a rank other than 0 prints of a test run.
#pragma once

#include <gtest/gtest.h>

namespace sonde::test {

/// Prints failures only, each with the rank; without it a failure on rank 1 would be silent.
class RankPrinter : public testing::EmptyTestEventListener {
 public:
  explicit RankPrinter(int rank) : rank_(rank) {}
  void OnTestPartResult(testing::TestPartResult const& result) override;

 private:
  int rank_;
};

}  // namespace sonde::test
