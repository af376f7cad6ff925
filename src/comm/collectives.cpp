#include "comm/collectives.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>

#include "comm/native.hpp"
#include "comm/partition.hpp"

namespace sonde::comm {
namespace {

/// Elements of one MPI call; far below the 2^31 of its int so that displacements fit, too.
constexpr std::size_t most_elements = std::size_t{1} << 26;

template <class T>
MPI_Datatype type_of();
template <>
MPI_Datatype type_of<char>() {
  return MPI_CHAR;
}
template <>
MPI_Datatype type_of<std::byte>() {
  return MPI_BYTE;
}
template <>
MPI_Datatype type_of<std::uint8_t>() {
  return MPI_UINT8_T;
}
template <>
MPI_Datatype type_of<std::int32_t>() {
  return MPI_INT32_T;
}
template <>
MPI_Datatype type_of<std::int64_t>() {
  return MPI_INT64_T;
}
template <>
MPI_Datatype type_of<std::uint64_t>() {
  return MPI_UINT64_T;
}
template <>
MPI_Datatype type_of<float>() {
  return MPI_FLOAT;
}
template <>
MPI_Datatype type_of<double>() {
  return MPI_DOUBLE;
}

MPI_Op operation(Reduction reduction) {
  switch (reduction) {
    case Reduction::sum:
      return MPI_SUM;
    case Reduction::max:
      return MPI_MAX;
    case Reduction::min:
      return MPI_MIN;
    case Reduction::bit_or:
      return MPI_BOR;
    case Reduction::logical_or:
      return MPI_LOR;
  }
  return MPI_OP_NULL;
}

/// Calls act(piece) for consecutive pieces that one MPI call can take.
template <class T, class Act>
void in_pieces(std::span<T> values, Act act) {
  for (std::size_t first = 0; first < values.size(); first += most_elements) {
    act(values.subspan(first, std::min(most_elements, values.size() - first)));
  }
}

int count_of(std::size_t elements) { return static_cast<int>(elements); }

}  // namespace

template <class T>
void allreduce(Communicator const& comm, Reduction reduction, std::span<T> values) {
  if (!comm.native()) return;
  in_pieces(values, [&](std::span<T> piece) {
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, piece.data(), count_of(piece.size()), type_of<T>(), operation(reduction),
                            native(comm)),
              "MPI_Allreduce");
  });
}

template <class T>
void broadcast(Communicator const& comm, std::span<T> values, int root) {
  if (!comm.native()) return;
  in_pieces(values, [&](std::span<T> piece) {
    check_mpi(MPI_Bcast(piece.data(), count_of(piece.size()), type_of<T>(), root, native(comm)), "MPI_Bcast");
  });
}

void broadcast(Communicator const& comm, std::string& text, int root) {
  auto size = static_cast<std::int64_t>(text.size());
  broadcast(comm, std::span(&size, 1), root);
  text.resize(static_cast<std::size_t>(size));
  broadcast(comm, std::span<char>(text), root);
}

template <class T>
std::vector<T> allgather(Communicator const& comm, std::span<T const> values) {
  if (!comm.native()) return {values.begin(), values.end()};
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(comm.size()));
  auto const size = static_cast<std::int64_t>(values.size());
  check_mpi(MPI_Allgather(&size, 1, MPI_INT64_T, sizes.data(), 1, MPI_INT64_T, native(comm)), "MPI_Allgather");
  auto const total = static_cast<std::size_t>(std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0}));

  std::vector<T> all(total);
  if (total <= most_elements) {
    std::vector<int> const counts(sizes.begin(), sizes.end());
    std::vector<int> offsets(counts.size());
    std::exclusive_scan(counts.begin(), counts.end(), offsets.begin(), 0);
    check_mpi(MPI_Allgatherv(values.data(), count_of(values.size()), type_of<T>(), all.data(), counts.data(),
                             offsets.data(), type_of<T>(), native(comm)),
              "MPI_Allgatherv");
    return all;
  }
  std::size_t first = 0;
  for (int rank = 0; rank < comm.size(); ++rank) {
    auto const part = std::span<T>(all).subspan(first, static_cast<std::size_t>(sizes[static_cast<std::size_t>(rank)]));
    if (rank == comm.rank()) std::copy(values.begin(), values.end(), part.begin());
    broadcast(comm, part, rank);
    first += part.size();
  }
  return all;
}

template <class T>
std::vector<T> gather(Communicator const& comm, std::span<T const> values, int root) {
  if (!comm.native()) return {values.begin(), values.end()};
  std::vector<std::int64_t> const sizes = allgather(comm, static_cast<std::int64_t>(values.size()));
  int const tag = 0;
  if (comm.rank() != root) {
    in_pieces(values, [&](std::span<T const> piece) {
      check_mpi(MPI_Send(piece.data(), count_of(piece.size()), type_of<T>(), root, tag, native(comm)), "MPI_Send");
    });
    return {};
  }
  std::vector<T> all(static_cast<std::size_t>(std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0})));
  std::size_t first = 0;
  for (int rank = 0; rank < comm.size(); ++rank) {
    auto const part = std::span<T>(all).subspan(first, static_cast<std::size_t>(sizes[static_cast<std::size_t>(rank)]));
    first += part.size();
    if (rank == root) {
      std::copy(values.begin(), values.end(), part.begin());
      continue;
    }
    in_pieces(part, [&](std::span<T> piece) {
      check_mpi(
          MPI_Recv(piece.data(), count_of(piece.size()), type_of<T>(), rank, tag, native(comm), MPI_STATUS_IGNORE),
          "MPI_Recv");
    });
  }
  return all;
}

void reduce_scatter(Communicator const& comm, std::span<double> values, std::int64_t items, std::int64_t width) {
  EXPECT(static_cast<std::int64_t>(values.size()) == items * width);
  if (!comm.native()) return;
  Block const own = block_of(items, comm.rank(), comm.size());
  auto const block = [&](int rank) {
    Block const part = block_of(items, rank, comm.size());
    return values.subspan(static_cast<std::size_t>(part.first * width), static_cast<std::size_t>(part.count * width));
  };
  if (values.size() <= most_elements) {
    std::vector<int> counts;
    for (int rank = 0; rank < comm.size(); ++rank) counts.push_back(count_of(block(rank).size()));
    std::vector<double> sums(static_cast<std::size_t>(own.count * width));
    check_mpi(MPI_Reduce_scatter(values.data(), sums.data(), counts.data(), MPI_DOUBLE, MPI_SUM, native(comm)),
              "MPI_Reduce_scatter");
    std::ranges::copy(sums, block(comm.rank()).begin());
    return;
  }
  for (int rank = 0; rank < comm.size(); ++rank) {
    in_pieces(block(rank), [&](std::span<double> piece) {
      bool const mine = rank == comm.rank();
      check_mpi(MPI_Reduce(mine ? MPI_IN_PLACE : piece.data(), mine ? piece.data() : nullptr, count_of(piece.size()),
                           MPI_DOUBLE, MPI_SUM, rank, native(comm)),
                "MPI_Reduce");
    });
  }
}

std::int64_t sum_of_lower_ranks(Communicator const& comm, std::int64_t value) {
  std::int64_t sum = 0;
  if (comm.native()) check_mpi(MPI_Exscan(&value, &sum, 1, MPI_INT64_T, MPI_SUM, native(comm)), "MPI_Exscan");
  return comm.rank() == 0 ? 0 : sum;  // MPI leaves it undefined on rank 0
}

void barrier(Communicator const& comm) {
  if (comm.native()) check_mpi(MPI_Barrier(native(comm)), "MPI_Barrier");
}

#define SONDE_INSTANTIATE(T)                                                     \
  template void allreduce<T>(Communicator const&, Reduction, std::span<T>);      \
  template void broadcast<T>(Communicator const&, std::span<T>, int);            \
  template std::vector<T> allgather<T>(Communicator const&, std::span<T const>); \
  template std::vector<T> gather<T>(Communicator const&, std::span<T const>, int);
SONDE_INSTANTIATE(char)
SONDE_INSTANTIATE(std::byte)
SONDE_INSTANTIATE(std::uint8_t)
SONDE_INSTANTIATE(std::int32_t)
SONDE_INSTANTIATE(std::int64_t)
SONDE_INSTANTIATE(std::uint64_t)
SONDE_INSTANTIATE(float)
SONDE_INSTANTIATE(double)
#undef SONDE_INSTANTIATE

}  // namespace sonde::comm
