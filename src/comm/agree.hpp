// Errors during set-up: all ranks end alike, with one message.
#pragma once

#include <functional>

#include "base/check.hpp"
#include "comm/communicator.hpp"

namespace sonde::comm {

/// Marks an exception that every rank throws: rank 0 alone prints it, and the run can end without MPI_Abort.
/// `dynamic_cast<Agreed const*>(&error)` tells.
class Agreed {
 public:
  virtual ~Agreed() = default;
};

class AgreedError : public Error, public Agreed {
 public:
  using Error::Error;
};

class AgreedInputError : public InputError, public Agreed {
 public:
  using InputError::InputError;
};

/// Runs `phase` on every rank, then asks with one allreduce whether it failed anywhere. If so, every rank throws the
/// error of the lowest rank that failed: AgreedInputError for an InputError, otherwise AgreedError; the message names
/// that rank when others did not fail. `phase` itself makes no collective call. On a null communicator it is just
/// called.
void agree(Communicator const& comm, std::function<void()> const& phase);

}  // namespace sonde::comm
