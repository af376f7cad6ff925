// What the benchmarks of a GPU share: time by the device's own clock, arrays worth computing with, and the way out
// where there is no device. Only in builds with CUDA.
#pragma once

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <random>
#include <string>
#include <vector>

#include "backend/cuda/check.hpp"
#include "backend/cuda/cuda_queue.hpp"
#include "device/device.hpp"
#include "tensor/buffer.hpp"

namespace sonde::bench {

/// A point in a stream's work at which the device looks at its clock.
class Event {
 public:
  explicit Event(cudaStream_t stream) : stream_(stream) { SONDE_CUDA(cudaEventCreate(&event_)); }
  ~Event() { static_cast<void>(cudaEventDestroy(event_)); }
  Event(Event const&) = delete;
  Event& operator=(Event const&) = delete;

  void record() { SONDE_CUDA(cudaEventRecord(event_, stream_)); }
  /// Of two that were recorded on one stream; waits for the later one.
  double seconds_since(Event const& start) const {
    float milliseconds = 0;
    SONDE_CUDA(cudaEventSynchronize(event_));
    SONDE_CUDA(cudaEventElapsedTime(&milliseconds, start.event_, event_));
    return 1e-3 * static_cast<double>(milliseconds);
  }

 private:
  cudaStream_t stream_;
  cudaEvent_t event_ = nullptr;
};

/// Median time on the device of what a call enqueues on `queue`. The calls before those that count load kernels and
/// record a Step.
template <class Call>
double device_seconds(backend::Queue& queue, Call&& call, int repeats = 11) {
  cudaStream_t const stream = backend::stream(queue);
  for (int i = 0; i < 3; ++i) call();
  Event start(stream), end(stream);
  std::vector<double> seconds;
  for (int i = 0; i < repeats; ++i) {
    start.record();
    call();
    end.record();
    seconds.push_back(end.seconds_since(start));
  }
  std::ranges::nth_element(seconds, seconds.begin() + repeats / 2);
  return seconds[static_cast<std::size_t>(repeats / 2)];
}

/// Numbers in (-1, 1) in the device's memory: with zeros it takes less power, and works faster than it does in earnest.
template <class Real>
Buffer<Real> random_buffer(std::size_t size) {
  Buffer<Real> result(size, device::memory());
  std::mt19937 random(1);
  std::uniform_real_distribution<Real> any(-1, 1);
  std::vector<Real> some(std::min(size, std::size_t{1} << 22));
  for (Real& value : some) value = any(random);
  for (std::size_t first = 0; first < size; first += some.size()) {
    std::size_t const count = std::min(some.size(), size - first);
    device::memory().write(result.data() + first, some.data(), count * sizeof(Real));
  }
  return result;
}

/// Runs a benchmark that needs a device. Returns the exit status: 77 where there is none, 1 when it throws; says why.
template <class Body>
int run_on_device(char const* program, Body&& body) {
  if (!device::usable()) {
    std::printf("%s skipped: no device (%s)\n", program, device::why_none().c_str());
    return 77;
  }
  try {
    device::make_current();
    std::printf("# %s on %s\n", program, device::chosen().name.c_str());
    body();
  } catch (std::exception const& error) {
    std::fprintf(stderr, "%s: %s\n", program, error.what());
    return 1;
  }
  return 0;
}

}  // namespace sonde::bench
