// How kernels are started. A kernel is a body: a struct of numbers and device pointers whose operator() does the work
// of one index, or of one row by a team of threads. Bodies stand in headers that any compiler reads; the .cu files
// compile them for the device (launch.cuh), and the tests run the same bodies on the host.
#pragma once

#include <cstdint>

#include "backend/queue.hpp"

namespace sonde::backend::kernels {

/// body(i) for i in [0, count), in any order.
template <class Body>
void launch(Queue& queue, std::int64_t count, Body const& body);

/// body(i) for i in [0, body.count()), a number that is read on the device.
template <class Body>
void launch_live(Queue& queue, Body const& body);

/// body(team, row) for row in [0, body.count()), each by a team of threads. `width`: elements of a row.
template <class Body>
void launch_rows(Queue& queue, std::int64_t width, Body const& body);

/// Teams that launch_rows() has at most: Team::index is below it.
inline constexpr std::int64_t most_teams = 2048;

}  // namespace sonde::backend::kernels
