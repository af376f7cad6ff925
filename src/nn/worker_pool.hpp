// Independent items spread over the threads of a rank.
#pragma once

#include <cstdint>
#include <functional>

#include "comm/partition.hpp"

namespace sonde::nn {

/// Calls work(worker, item) once for each item, from `workers` threads at once and in no particular order; worker 0 is
/// the calling thread. Numerical libraries run single-threaded inside. Rethrows the first failure when all have
/// stopped; no new items are begun after one.
void for_items(int workers, comm::Block items, std::function<void(int, std::int64_t)> const& work);

}  // namespace sonde::nn
