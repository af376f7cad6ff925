// Kernels as loops on the host, for tests: elements one after the other, a row by a few threads that meet at barriers
// where the threads of a block would.
#pragma once

#include <barrier>
#include <cstddef>
#include <thread>
#include <vector>

#include "backend/cuda/kernels/launch.hpp"
#include "backend/cuda/kernels/team.hpp"

namespace sonde::backend::kernels {

/// The other half of a queue that kernels are started on by the host: told before and after each, with what it is
/// given.
class KernelWatch {
 public:
  virtual ~KernelWatch() = default;
  virtual void before(void const* body, std::size_t bytes) = 0;
  virtual void after() = 0;
};

template <class Body, class Run>
void watched(Queue& queue, Body const& body, Run run) {
  static_assert(std::is_trivially_copyable_v<Body>, "a body is sent to the device as bytes");
  auto& watch = dynamic_cast<KernelWatch&>(queue);
  Body bytes = body;
  __builtin_clear_padding(&bytes);  // what is left of others there may look like pointers
  watch.before(&bytes, sizeof bytes);
  run();
  watch.after();
}

template <class Body>
void launch(Queue& queue, std::int64_t count, Body const& body) {
  watched(queue, body, [&] {
    for (std::int64_t i = 0; i < count; ++i) body(i);
  });
}

template <class Body>
void launch_live(Queue& queue, Body const& body) {
  watched(queue, body, [&] {
    for (std::int64_t i = 0; i < body.count(); ++i) body(i);
  });
}

template <class Body>
void launch_rows(Queue& queue, std::int64_t /*width*/, Body const& body) {
  constexpr int size = 4;
  watched(queue, body, [&] {
    double scratch[size];
    std::barrier<> meeting(size);
    auto const meet = [&meeting] { meeting.arrive_and_wait(); };
    auto const work = [&](int rank) {
      Team<decltype(meet)> team{rank, size, 3, scratch, meet};
      for (std::int64_t row = 0; row < body.count(); ++row) {
        body(team, row);
        meet();
      }
    };
    std::vector<std::jthread> others;
    for (int rank = 1; rank < size; ++rank) others.emplace_back(work, rank);
    work(0);
  });
}

}  // namespace sonde::backend::kernels
