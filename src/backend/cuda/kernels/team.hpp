// The threads that work on one row: a block on a GPU, a few threads of the host in the tests.
#pragma once

#include <cstdint>

#include "backend/functors/host_device.hpp"

namespace sonde::backend::kernels {

/// One thread's view of its team. Every thread calls the same members in the same order.
template <class Barrier>
struct Team {
  int rank = 0, size = 1;  // size is a power of two
  std::int64_t index = 0;  // of the team among those at work
  double* scratch;         // (size), shared
  Barrier barrier;         // barrier() returns when all threads have called it

  SONDE_HOST_DEVICE void wait() { barrier(); }

  /// Sum of what all threads bring, in an order that depends on `size` alone.
  SONDE_HOST_DEVICE double sum(double part) {
    return reduce(part, [](double a, double b) { return a + b; });
  }
  SONDE_HOST_DEVICE double smallest(double part) {
    return reduce(part, [](double a, double b) { return b < a ? b : a; });
  }
  SONDE_HOST_DEVICE double largest(double part) {
    return reduce(part, [](double a, double b) { return b > a ? b : a; });
  }

 private:
  template <class Join>
  SONDE_HOST_DEVICE double reduce(double part, Join join) {
    scratch[rank] = part;
    wait();
    for (int half = size / 2; half > 0; half /= 2) {
      if (rank < half) scratch[rank] = join(scratch[rank], scratch[rank + half]);
      wait();
    }
    double const result = scratch[0];
    wait();  // before the next reduction writes
    return result;
  }
};

}  // namespace sonde::backend::kernels
