#include "nn/worker_pool.hpp"

#include <atomic>
#include <exception>
#include <thread>
#include <vector>

#include "backend/threads.hpp"

namespace sonde::nn {

void for_items(int workers, comm::Block items, std::function<void(int, std::int64_t)> const& work) {
  std::atomic<std::int64_t> next{items.first};
  std::atomic<bool> failed{false};
  std::vector<std::exception_ptr> failures(static_cast<std::size_t>(workers));
  auto const run = [&](int worker) {
    try {
      backend::use_one_thread();
      while (!failed) {
        std::int64_t const item = next++;
        if (item >= items.first + items.count) return;
        work(worker, item);
      }
    } catch (...) {
      failed = true;
      failures[static_cast<std::size_t>(worker)] = std::current_exception();
    }
  };
  std::vector<std::jthread> threads;
  for (int worker = 1; worker < workers; ++worker) threads.emplace_back(run, worker);
  run(0);
  threads.clear();  // joins
  for (auto const& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

}  // namespace sonde::nn
