// Steps: recorded once, replayed with what their buffers hold then, on several queues.
#include <gtest/gtest.h>

#include <thread>

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

/// A library that is used for the first time by one thread must not spoil what another is recording.
TEST_P(Steps, AreRecordedByThreadsWhileOthersStartAndEnd) {
  auto const tested = make_test_backend(GetParam());
  auto const weights = std::make_shared<Tensor>(Shape{3, 2});
  std::ranges::fill(weights->data.span(), 2.0F);
  constexpr int rounds = 6;
  auto const work = [&](std::vector<std::unique_ptr<backend::Operator>>& ops) {
    for (auto const& op : ops) {
      auto const queue = tested->make_queue();
      Mirrored<float> rows(3, tested->memory()), sums(2, tested->memory());
      Buffer<float> x(tested->tensor_size({3}, 1), tested->memory()), y(tested->tensor_size({2}, 1), tested->memory());
      auto const step = tested->record({queue.get()}, [&] {
        tested->load(*queue, rows.device(), {3}, 1, x.data());
        float const* const from = x.data();
        op->forward(*queue, {&from, 1}, y.data());
        tested->store(*queue, y.data(), {2}, 1, sums.device());
      });
      for (int replay = 1; replay <= 4; ++replay) {
        for (float& value : rows.host()) value = static_cast<float>(replay);
        rows.send(*queue);
        step->replay();
        sums.fetch(*queue);
        EXPECT_EQ(sums[1], 6.0F * static_cast<float>(replay));
      }
    }
  };
  std::vector<std::vector<std::unique_ptr<backend::Operator>>> ops(4);
  for (auto& of_thread : ops) {
    for (int round = 0; round < rounds; ++round)
      of_thread.push_back(tested->plan(io::Dense{weights, nullptr}, {}, {{3}}, {2}, 1));
  }
  std::vector<std::jthread> threads;
  for (auto& of_thread : ops) threads.emplace_back(work, std::ref(of_thread));
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Steps);  // a build for GPUs, where there is none
INSTANTIATE_TEST_SUITE_P(Backends, Steps, testing::ValuesIn(backend_names()),
                         [](auto const& test) { return test_name(test.param); });

}  // namespace
}  // namespace sonde::test
