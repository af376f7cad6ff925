// Collective operations on typed spans: a count is a number of elements, never bytes.
//
// T is one of char, std::byte, std::uint8_t, std::int32_t, std::int64_t, std::uint64_t, float, double. Counts beyond
// 2^31 are sent in pieces. An error inside MPI ends the run at once (check_mpi). On a null communicator each does what
// one rank alone would.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "comm/communicator.hpp"

namespace sonde::comm {

/// bit_or is for integers and bytes.
enum class Reduction { sum, max, min, bit_or, logical_or };

/// values[i] on every rank = the reduction of values[i] over the ranks. Equal sizes on all ranks. Sums of
/// floating-point numbers depend on the number of ranks in their last bits.
template <class T>
void allreduce(Communicator const& comm, Reduction reduction, std::span<T> values);

template <class T>
T allreduce(Communicator const& comm, Reduction reduction, T value) {
  allreduce(comm, reduction, std::span<T>(&value, 1));
  return value;
}

/// values on every rank = values of `root`. Equal sizes on all ranks.
template <class T>
void broadcast(Communicator const& comm, std::span<T> values, int root = 0);
/// Sizes may differ.
void broadcast(Communicator const& comm, std::string& text, int root = 0);

/// The values of all ranks in rank order, on every rank; sizes may differ between ranks.
template <class T>
std::vector<T> allgather(Communicator const& comm, std::span<T const> values);
template <class T>
std::vector<T> allgather(Communicator const& comm, T value) {
  return allgather<T>(comm, std::span<T const>(&value, 1));
}

/// As allgather, on `root` only; empty elsewhere.
template <class T>
std::vector<T> gather(Communicator const& comm, std::span<T const> values, int root = 0);

/// values (items, width): rank r gets, in place, the sums over the ranks of the items of block_of(items, r, ranks);
/// what it holds of other items is then undefined. Equal sizes on all ranks.
void reduce_scatter(Communicator const& comm, std::span<double> values, std::int64_t items, std::int64_t width);

/// Sum of `value` over the ranks before this one; 0 on rank 0.
std::int64_t sum_of_lower_ranks(Communicator const& comm, std::int64_t value);

/// Returns on no rank before all have come.
void barrier(Communicator const& comm);

}  // namespace sonde::comm
