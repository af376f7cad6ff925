#include "comm/agree.hpp"

#include "comm/collectives.hpp"

namespace sonde::comm {

void agree(Communicator const& comm, std::function<void()> const& phase) {
  if (!comm.native()) return phase();

  enum : std::int32_t { fine, bad_input, failure };
  std::int32_t outcome = fine;
  std::string message;
  try {
    phase();
  } catch (InputError const& error) {
    outcome = bad_input;
    message = error.what();
  } catch (std::exception const& error) {
    outcome = failure;
    message = error.what();
  }

  // Lowest rank that failed, and how many did, in one reduction: sums of (failed at rank r).
  std::vector<std::int32_t> failed(static_cast<std::size_t>(comm.size()), 0);
  failed[static_cast<std::size_t>(comm.rank())] = outcome;
  allreduce(comm, Reduction::sum, std::span(failed));
  int first = 0;
  while (first < comm.size() && failed[static_cast<std::size_t>(first)] == fine) ++first;
  if (first == comm.size()) return;

  bool everywhere = true;
  for (std::int32_t const one : failed) everywhere = everywhere && one != fine;
  broadcast(comm, message, first);
  if (!everywhere) message = "rank " + std::to_string(first) + ": " + message;
  if (failed[static_cast<std::size_t>(first)] == bad_input) throw AgreedInputError(message);
  throw AgreedError(message);
}

}  // namespace sonde::comm
