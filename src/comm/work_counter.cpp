#include "comm/work_counter.hpp"

#include <chrono>
#include <exception>
#include <thread>
#include <vector>

#include "comm/collectives.hpp"
#include "comm/native.hpp"

namespace sonde::comm {
namespace {

constexpr int call_tag = 1;
// Between two questions whether all ranks have come: at first short, since most come together.
constexpr auto first_wait = std::chrono::microseconds(20), longest_wait = std::chrono::microseconds(5000);

}  // namespace

/// The counter, in memory of rank 0 that the others reach through MPI. One access epoch lasts as long as the window.
struct WorkCounter::Window {
  Communicator comm;
  MPI_Win handle = MPI_WIN_NULL;
  std::int64_t* memory = nullptr;
  std::vector<MPI_Request> calls;  // on their way to other ranks

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

WorkCounter::WorkCounter(Communicator const& comm) {
  if (!comm.native()) return;
  window_ = std::make_unique<Window>(comm);
  reset();
}

WorkCounter::~WorkCounter() = default;

std::int64_t WorkCounter::next() {
  std::lock_guard const lock(mutex_);
  return window_ ? window_->update(1, MPI_SUM) : serial_next_++;
}

void WorkCounter::poke() {
  if (!window_) return;
  // Another thread that is in MPI answers requests, too.
  std::unique_lock const lock(mutex_, std::try_to_lock);
  if (!lock) return;
  for (int arrived = 1;;) {
    check_mpi(MPI_Iprobe(MPI_ANY_SOURCE, call_tag, native(window_->comm), &arrived, MPI_STATUS_IGNORE), "MPI_Iprobe");
    if (arrived == 0) return;
    hear();
  }
}

/// Takes a call, waiting for it. Calls are empty and alike: whose it is does not matter, only that all are taken.
void WorkCounter::hear() {
  check_mpi(MPI_Recv(nullptr, 0, MPI_BYTE, MPI_ANY_SOURCE, call_tag, native(window_->comm), MPI_STATUS_IGNORE),
            "MPI_Recv");
  ++heard_;
  called_ = true;
}

void WorkCounter::call() {
  called_ = true;
  std::lock_guard const lock(mutex_);
  if (calls_ || !window_) return;
  calls_ = true;
  for (int rank = 0; rank < window_->comm.size(); ++rank) {
    if (rank == window_->comm.rank()) continue;
    MPI_Request& request = window_->calls.emplace_back(MPI_REQUEST_NULL);
    check_mpi(MPI_Isend(nullptr, 0, MPI_BYTE, rank, call_tag, native(window_->comm), &request), "MPI_Isend");
  }
}

std::unique_lock<std::mutex> WorkCounter::meet(std::function<void()> const& meanwhile) {
  std::unique_lock lock(mutex_);
  if (window_) {
    MPI_Request all_here = MPI_REQUEST_NULL;
    check_mpi(MPI_Ibarrier(native(window_->comm), &all_here), "MPI_Ibarrier");
    auto wait = first_wait;
    for (int done = 0;;) {
      check_mpi(MPI_Test(&all_here, &done, MPI_STATUS_IGNORE), "MPI_Test");
      if (done != 0) break;
      lock.unlock();
      meanwhile();
      std::this_thread::sleep_for(wait);
      wait = std::min(2 * wait, longest_wait);
      lock.lock();
    }
    // A call of the next meeting may be taken for one of this; as many remain for the next as were made for it.
    auto const callers = allreduce<std::int64_t>(window_->comm, Reduction::sum, calls_ ? 1 : 0);
    while (heard_ < callers - (calls_ ? 1 : 0)) hear();
    heard_ -= callers - (calls_ ? 1 : 0);
    auto& calls = window_->calls;
    check_mpi(MPI_Waitall(static_cast<int>(calls.size()), calls.data(), MPI_STATUSES_IGNORE), "MPI_Waitall");
    calls.clear();
  }
  calls_ = false;
  called_ = heard_ > 0;
  return lock;
}

void WorkCounter::reset() {
  serial_next_ = 0;
  if (!window_) return;
  barrier(window_->comm);  // nobody still takes items of the last round
  if (window_->comm.is_root()) window_->update(0, MPI_REPLACE);
  barrier(window_->comm);
}

}  // namespace sonde::comm
