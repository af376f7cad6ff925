#include "comm/work_counter.hpp"

#include <exception>

#include "comm/collectives.hpp"
#include "comm/native.hpp"

namespace sonde::comm {

/// The counter, in memory of rank 0 that the others reach through MPI. One access epoch lasts as long as the window.
struct WorkCounter::Window {
  Communicator comm;
  MPI_Win handle = MPI_WIN_NULL;
  std::int64_t* memory = nullptr;

  explicit Window(Communicator const& parent) : comm(parent.duplicate()) {
    MPI_Aint const bytes = comm.is_root() ? sizeof(std::int64_t) : 0;
    check_mpi(MPI_Win_allocate(bytes, sizeof(std::int64_t), MPI_INFO_NULL, sonde::comm::native(comm), &memory, &handle),
              "MPI_Win_allocate");
    check_mpi(MPI_Win_set_errhandler(handle, MPI_ERRORS_RETURN), "MPI_Win_set_errhandler");
    check_mpi(MPI_Win_lock_all(MPI_MODE_NOCHECK, handle), "MPI_Win_lock_all");
  }

  ~Window() {
    // Freeing is collective: the other ranks may not come here while this one unwinds.
    if (std::uncaught_exceptions() > 0) return;
    MPI_Win_unlock_all(handle);
    MPI_Win_free(&handle);
  }

  /// Applies `operation` with `value` to the counter; returns what it was.
  std::int64_t update(std::int64_t value, MPI_Op operation) {
    std::int64_t before = 0;
    check_mpi(MPI_Fetch_and_op(&value, &before, MPI_INT64_T, 0, 0, operation, handle), "MPI_Fetch_and_op");
    check_mpi(MPI_Win_flush(0, handle), "MPI_Win_flush");
    return before;
  }
};

WorkCounter::WorkCounter(Communicator const& comm, Alert& alert) : alert_(alert) {
  if (!comm.native()) return;
  window_ = std::make_unique<Window>(comm);
  reset();
}

WorkCounter::~WorkCounter() = default;

std::int64_t WorkCounter::next() {
  auto const lock = alert_.in_mpi();
  return window_ ? window_->update(1, MPI_SUM) : serial_next_++;
}

void WorkCounter::reset() {
  serial_next_ = 0;
  if (!window_) return;
  barrier(window_->comm);  // nobody still takes items of the last round
  if (window_->comm.is_root()) window_->update(0, MPI_REPLACE);
  barrier(window_->comm);
}

}  // namespace sonde::comm
