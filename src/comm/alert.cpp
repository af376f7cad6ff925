#include "comm/alert.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <thread>
#include <vector>

#include "comm/collectives.hpp"
#include "comm/native.hpp"

namespace sonde::comm {
namespace {

constexpr int tag = 1;
// Between two questions whether all ranks have come: at first short, since most come together.
constexpr auto first_wait = std::chrono::microseconds(20), longest_wait = std::chrono::microseconds(5000);

}  // namespace

struct Alert::Channel {
  Communicator comm;
  std::vector<MPI_Request> sent;  // on their way to other ranks
};

Alert::Alert(Communicator const& comm) {
  if (comm.native()) channel_ = std::make_unique<Channel>(Channel{comm.duplicate(), {}});
}

Alert::~Alert() {
  // The other ranks may not come here while this one unwinds.
  if (channel_ && std::uncaught_exceptions() == 0) settle();
}

void Alert::raise() {
  raised_ = true;
  std::lock_guard const lock(mutex_);
  if (told_ || !channel_) return;
  told_ = true;
  for (int rank = 0; rank < channel_->comm.size(); ++rank) {
    if (rank == channel_->comm.rank()) continue;
    MPI_Request& request = channel_->sent.emplace_back(MPI_REQUEST_NULL);
    check_mpi(MPI_Isend(nullptr, 0, MPI_BYTE, rank, tag, native(channel_->comm), &request), "MPI_Isend");
  }
}

void Alert::poke() {
  if (!channel_) return;
  // Another thread that is in MPI answers requests, too.
  std::unique_lock const lock(mutex_, std::try_to_lock);
  if (!lock) return;
  for (int arrived = 1;;) {
    check_mpi(MPI_Iprobe(MPI_ANY_SOURCE, tag, native(channel_->comm), &arrived, MPI_STATUS_IGNORE), "MPI_Iprobe");
    if (arrived == 0) return;
    hear();
  }
}

/// Takes one word, waiting for it. They are empty and alike: whose it is does not matter, only that all are taken.
void Alert::hear() {
  check_mpi(MPI_Recv(nullptr, 0, MPI_BYTE, MPI_ANY_SOURCE, tag, native(channel_->comm), MPI_STATUS_IGNORE), "MPI_Recv");
  ++heard_;
  raised_ = true;
}

/// Takes the words that are still on their way. One for the next meeting may be taken for one of this; as many remain
/// for the next as were sent for it.
void Alert::settle() {
  std::int64_t const own = told_ ? 1 : 0;
  std::int64_t const others = allreduce<std::int64_t>(channel_->comm, Reduction::sum, own) - own;
  while (heard_ < others) hear();
  heard_ -= others;
  auto& sent = channel_->sent;
  check_mpi(MPI_Waitall(static_cast<int>(sent.size()), sent.data(), MPI_STATUSES_IGNORE), "MPI_Waitall");
  sent.clear();
}

std::unique_lock<std::mutex> Alert::meet(std::function<void()> const& meanwhile) {
  std::unique_lock lock(mutex_);
  if (channel_) {
    MPI_Request all_here = MPI_REQUEST_NULL;
    check_mpi(MPI_Ibarrier(native(channel_->comm), &all_here), "MPI_Ibarrier");
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
    settle();
  }
  told_ = false;
  raised_ = heard_ > 0;
  return lock;
}

}  // namespace sonde::comm
