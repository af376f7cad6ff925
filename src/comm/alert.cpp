#include "comm/alert.hpp"

#include <chrono>
#include <exception>
#include <thread>

#include "comm/native.hpp"

namespace sonde::comm {
namespace {

// Between two questions whether all ranks have come: at first short, since most come together.
constexpr auto first_wait = std::chrono::microseconds(20), longest_wait = std::chrono::microseconds(10000);

}  // namespace

/// A number of each rank that the others reach through MPI. One access epoch lasts as long as the window.
struct Alert::Window {
  Communicator comm;
  MPI_Win handle = MPI_WIN_NULL;
  std::int64_t* memory = nullptr;

  explicit Window(Communicator const& parent) : comm(parent.duplicate()) {
    MPI_Aint const bytes = sizeof(std::int64_t);
    check_mpi(MPI_Win_allocate(bytes, sizeof(std::int64_t), MPI_INFO_NULL, sonde::comm::native(comm), &memory, &handle),
              "MPI_Win_allocate");
    check_mpi(MPI_Win_set_errhandler(handle, MPI_ERRORS_RETURN), "MPI_Win_set_errhandler");
    check_mpi(MPI_Win_lock_all(MPI_MODE_NOCHECK, handle), "MPI_Win_lock_all");
    update(comm.rank(), 0, MPI_REPLACE);
    check_mpi(MPI_Barrier(sonde::comm::native(comm)), "MPI_Barrier");
  }

  ~Window() {
    // Freeing is collective: the other ranks may not come here while this one unwinds.
    if (std::uncaught_exceptions() > 0) return;
    MPI_Win_unlock_all(handle);
    MPI_Win_free(&handle);
  }

  /// Applies `operation` with `value` to the number of a rank; returns what it was.
  std::int64_t update(int rank, std::int64_t value, MPI_Op operation) {
    std::int64_t before = 0;
    check_mpi(MPI_Fetch_and_op(&value, &before, MPI_INT64_T, rank, 0, operation, handle), "MPI_Fetch_and_op");
    check_mpi(MPI_Win_flush(rank, handle), "MPI_Win_flush");
    return before;
  }
};

Alert::Alert(Communicator const& comm) {
  if (comm.native()) window_ = std::make_unique<Window>(comm);
}

Alert::~Alert() = default;

void Alert::raise() {
  std::lock_guard const lock(mutex_);
  if (raised_) return;
  raised_ = true;
  if (!window_) return;
  for (int rank = 0; rank < window_->comm.size(); ++rank) window_->update(rank, 1, MPI_REPLACE);
}

bool Alert::raised() {
  if (raised_ || !window_) return raised_;
  // Another thread that is in MPI answers requests, too.
  std::unique_lock const lock(mutex_, std::try_to_lock);
  if (lock && window_->update(window_->comm.rank(), 0, MPI_NO_OP) != 0) raised_ = true;
  return raised_;
}

void Alert::meet(std::function<void()> const& meanwhile) {
  if (!window_) return;
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Ibarrier(sonde::comm::native(window_->comm), &request), "MPI_Ibarrier");
  auto wait = first_wait;
  for (int done = 0;;) {
    check_mpi(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test");
    if (done != 0) return;
    meanwhile();
    std::this_thread::sleep_for(wait);
    wait = std::min(2 * wait, longest_wait);
  }
}

}  // namespace sonde::comm
