#include "comm/mpi_session.hpp"

#include <mpi.h>

#include <cstdio>
#include <cstdlib>
#include <exception>

#include "base/check.hpp"
#include "base/log.hpp"

namespace sonde::comm {
namespace {

bool mpi_is_up() {
  int started = 0;
  int ended = 0;
  MPI_Initialized(&started);
  MPI_Finalized(&ended);
  return started && !ended;
}

}  // namespace

MpiSession::MpiSession(int& argc, char**& argv) : exceptions_at_birth_(std::uncaught_exceptions()) {
  int provided = MPI_THREAD_SINGLE;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &provided);
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
  if (provided < MPI_THREAD_SERIALIZED) {
    throw Error(
        "MPI cannot be called from worker threads (it grants less than MPI_THREAD_SERIALIZED). Use an Open MPI built "
        "with threads.");
  }
}

MpiSession::~MpiSession() {
  int ranks = 1;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  bool const unwinding = std::uncaught_exceptions() > exceptions_at_birth_;
  if (unwinding && ranks > 1) abort_run(1);
  MPI_Finalize();
}

void end_run(int status) {
  if (mpi_is_up()) MPI_Finalize();
  std::_Exit(status);
}

void abort_run(int status, char const* message) {
  if (*message) log(LogLevel::error, message);
  if (mpi_is_up()) MPI_Abort(MPI_COMM_WORLD, status);
  std::_Exit(status);
}

}  // namespace sonde::comm
