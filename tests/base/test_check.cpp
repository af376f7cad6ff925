#include <gtest/gtest.h>

#include "base/check.hpp"
#include "base/log.hpp"

namespace {

std::string message_of(auto&& call) {
  try {
    call();
  } catch (std::exception const& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Validate, PassesWhenTheConditionHolds) { EXPECT_NO_THROW(VALIDATE(1 + 1 == 2, "no")); }

TEST(Validate, ThrowsInputErrorWithTheStreamedMessage) {
  int const bytes = 12;
  auto const call = [&] { VALIDATE(bytes == 400, "file x: it ends after " << bytes << " of 400 bytes (truncated)."); };
  EXPECT_THROW(call(), sonde::InputError);
  EXPECT_EQ(message_of(call), "file x: it ends after 12 of 400 bytes (truncated).");
}

TEST(Validate, IsOneStatement) {
  bool reached = false;
  if (false)
    VALIDATE(false, "not evaluated");
  else
    reached = true;
  EXPECT_TRUE(reached);
}

TEST(Validate, DoesNotStreamTheMessageOfACheckThatHolds) {
  int streamed = 0;
  VALIDATE(true, ++streamed);
  EXPECT_EQ(streamed, 0);
}

TEST(FailAs, ThrowsTheGivenType) {
  EXPECT_THROW(SONDE_FAIL_AS(sonde::Error, "disk "
                                               << "full"),
               sonde::Error);
  // A run-time failure is no input error: the exit status differs.
  EXPECT_THROW(
      {
        try {
          SONDE_FAIL_AS(sonde::Error, "disk full");
        } catch (sonde::InputError const&) {
        }
      },
      sonde::Error);
}

TEST(Contract, NamesKindExpressionAndPlace) {
  auto const call = [] { sonde::detail::broken_contract("EXPECT", "count > 0", "file.cpp", 7); };
  EXPECT_THROW(call(), std::logic_error);
  EXPECT_NE(message_of(call).find("file.cpp:7: EXPECT(count > 0) does not hold"), std::string::npos);
}

#ifdef NDEBUG
TEST(Contract, CostsNothingInRelease) {
  int evaluated = 0;
  EXPECT(++evaluated > 5);
  ENSURE(++evaluated > 5);
  EXPECT_EQ(evaluated, 0);
}
#else
TEST(Contract, IsCheckedInDebug) {
  EXPECT_THROW(EXPECT(1 > 2), std::logic_error);
  EXPECT_THROW(ENSURE(1 > 2), std::logic_error);
  EXPECT_NO_THROW(EXPECT(2 > 1));
}
#endif

/// What `call` writes to standard error.
std::string logged(auto&& call) {
  testing::internal::CaptureStderr();
  call();
  return testing::internal::GetCapturedStderr();
}

TEST(Log, PutsTheRankBeforeMessagesOfAParallelRun) {
  sonde::configure_log(sonde::LogLevel::info, 3, 4);
  EXPECT_EQ(logged([] { SONDE_LOG(info, "round " << 2); }), "[rank 3] round 2\n");
  EXPECT_EQ(logged([] { SONDE_LOG(warning, "slow"); }), "[rank 3] warning: slow\n");
  sonde::configure_log(sonde::LogLevel::info, 0, 1);
}

TEST(Log, LeavesTheRankOutOfASerialRunUnlessItIsAnError) {
  sonde::configure_log(sonde::LogLevel::info, 0, 1);
  EXPECT_EQ(logged([] { SONDE_LOG(info, "hello"); }), "hello\n");
  EXPECT_EQ(logged([] { SONDE_LOG(error, "lost"); }), "[rank 0] lost\n");
}

TEST(Log, IsSilentBelowTheLevel) {
  sonde::configure_log(sonde::LogLevel::warning, 0, 1);
  EXPECT_EQ(logged([] { SONDE_LOG(info, "hello"); }), "");
  sonde::configure_log(sonde::LogLevel::info, 0, 1);
}

TEST(Log, AnswersAnUnknownLevelWithTheKnownOnes) {
  EXPECT_EQ(sonde::log_level("debug"), sonde::LogLevel::debug);
  EXPECT_EQ(message_of([] { sonde::log_level("loud"); }),
            "log level 'loud' is unknown (no such name). Choose one of: debug, info, warning, error.");
}

}  // namespace
