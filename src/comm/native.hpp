// MPI itself, for the sources of sonde_comm and for parallel files; no other header includes mpi.h.
#pragma once

#include <mpi.h>

#include <string>

#include "comm/communicator.hpp"

namespace sonde::comm {

struct Communicator::Native {
  MPI_Comm handle = MPI_COMM_NULL;
  bool owned = false;

  Native(MPI_Comm comm, bool own);
  ~Native();
  Native(Native const&) = delete;
  Native& operator=(Native const&) = delete;
};

/// MPI_COMM_SELF for the null communicator.
MPI_Comm native(Communicator const& comm);

/// Ends the whole run, saying what failed and why, unless `code` is MPI_SUCCESS: the other ranks are inside the same
/// call, and unwinding would leave them there.
void check_mpi(int code, char const* call);

}  // namespace sonde::comm
