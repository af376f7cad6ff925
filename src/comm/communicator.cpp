#include "comm/communicator.hpp"

#include <exception>

#include "comm/mpi_session.hpp"
#include "comm/native.hpp"

namespace sonde::comm {

Communicator::Native::Native(MPI_Comm comm, bool own) : handle(comm), owned(own) {
  check_mpi(MPI_Comm_set_errhandler(handle, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
}

Communicator::Native::~Native() {
  int ended = 0;
  MPI_Finalized(&ended);
  // Freeing is collective: the other ranks may not come here while this one unwinds.
  if (!owned || ended || std::uncaught_exceptions() > 0) return;
  MPI_Comm_free(&handle);
}

Communicator::Communicator(std::shared_ptr<Native const> native) : native_(std::move(native)) {
  check_mpi(MPI_Comm_rank(native_->handle, &rank_), "MPI_Comm_rank");
  check_mpi(MPI_Comm_size(native_->handle, &size_), "MPI_Comm_size");
}

Communicator Communicator::world() {
  int started = 0;
  MPI_Initialized(&started);
  if (!started) return {};
  Communicator const all(std::make_shared<Native>(MPI_COMM_WORLD, false));
  return all.size() > 1 ? all.duplicate() : Communicator();
}

Communicator Communicator::split_node() const {
  if (!native_) return {};
  MPI_Comm node = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split_type(native_->handle, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &node),
            "MPI_Comm_split_type");
  return Communicator(std::make_shared<Native>(node, true));
}

Communicator Communicator::duplicate() const {
  if (!native_) return {};
  MPI_Comm copy = MPI_COMM_NULL;
  check_mpi(MPI_Comm_dup(native_->handle, &copy), "MPI_Comm_dup");
  return Communicator(std::make_shared<Native>(copy, true));
}

MPI_Comm native(Communicator const& comm) { return comm.native() ? comm.native()->handle : MPI_COMM_SELF; }

void check_mpi(int code, char const* call) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(code, text, &length);
  std::string const message = std::string(call) + " failed (" + std::string(text, static_cast<std::size_t>(length)) +
                              "). Check that every node of the job is up.";
  abort_run(1, message.c_str());
}

}  // namespace sonde::comm
