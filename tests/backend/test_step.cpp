// Steps: recorded once, replayed with what their buffers hold then, on several queues.
#include <gtest/gtest.h>

#include "backend/mirrored.hpp"
#include "backend/rows.hpp"
#include "backends.hpp"

namespace sonde::test {
namespace {

using backend::LoopState;
using backend::Mirrored;

class Steps : public testing::TestWithParam<std::string> {};

TEST_P(Steps, ReadWhatChangesFromBuffersAndMeetOnAllQueues) {
  auto const tested = make_test_backend(GetParam());
  auto const ops = tested->make_row_ops();
  auto const first = tested->make_queue(), second = tested->make_queue();
  Mirrored<LoopState> state(1, tested->memory());
  Mirrored<float> one(4, tested->memory()), a(4, tested->memory()), b(4, tested->memory());
  for (float& value : one.host()) value = 1;
  one.send(*first);
  state[0].live = 2;
  state.send(*first);

  // Rows of one feature: a += 1 on the first queue; b += a on the second, which waits for it; a += b on the first.
  auto const step = tested->record({first.get(), second.get()}, [&] {
    ops->ascend(*first, state.device(), 1, 1, nullptr, one.device(), a.device());
    second->wait_for(*first);
    ops->ascend(*second, state.device(), 1, 1, nullptr, a.device(), b.device());
    first->wait_for(*second);
    ops->ascend(*first, state.device(), 1, 1, nullptr, b.device(), a.device());
  });
  float expected_a[4] = {}, expected_b[4] = {};
  for (int replay = 0; replay < 6; ++replay) {
    state[0].live = replay < 3 ? 2 : 3;
    state.send(*first);
    step->replay();
    first->wait();
    for (int row = 0; row < state[0].live; ++row) {
      expected_a[row] += 1;
      expected_b[row] += expected_a[row];
      expected_a[row] += expected_b[row];
    }
    a.fetch(*first);
    b.fetch(*second);
    for (int row = 0; row < 4; ++row) {
      ASSERT_EQ(a[row], expected_a[row]) << "replay " << replay << ", row " << row;
      ASSERT_EQ(b[row], expected_b[row]) << "replay " << replay << ", row " << row;
    }
  }
}

TEST_P(Steps, AnErrorInTheCallsLeavesTheQueueUsable) {
  auto const tested = make_test_backend(GetParam());
  auto const queue = tested->make_queue();
  bool fail = false;
  auto const step = tested->record({queue.get()}, [&] {
    if (fail) throw std::runtime_error("on purpose");
  });
  step->replay();
  fail = true;
  EXPECT_THROW(step->replay(), std::runtime_error);
  Buffer<float> const numbers(std::vector<float>{4, 5, 6}, tested->memory());
  float out = 0;
  queue->copy_out(&out, numbers.data() + 1, sizeof out);
  queue->wait();
  EXPECT_EQ(out, 5);
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Steps);  // a build for GPUs, where there is none
INSTANTIATE_TEST_SUITE_P(Backends, Steps, testing::ValuesIn(backend_names()),
                         [](auto const& test) { return test_name(test.param); });

}  // namespace
}  // namespace sonde::test
