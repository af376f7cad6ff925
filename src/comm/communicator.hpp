// A group of ranks, as a value.
#pragma once

#include <memory>

namespace sonde::comm {

/// A null communicator (default constructed) is serial: one rank, and every collective does nothing. Copies share one
/// MPI communicator, which is freed with the last of them. Errors are returned to the checks of this module
/// (MPI_ERRORS_RETURN from birth on).
class Communicator {
 public:
  Communicator() = default;

  /// A duplicate of all ranks of the run; null when MPI is not up or there is one rank only.
  static Communicator world();

  int rank() const { return rank_; }
  int size() const { return size_; }
  bool is_root() const { return rank_ == 0; }

  /// The ranks on this rank's node. Collective.
  Communicator split_node() const;
  /// The same ranks with messages of their own. Collective.
  Communicator duplicate() const;

  struct Native;
  /// The MPI side, see native.hpp; nullptr when serial.
  Native const* native() const { return native_.get(); }

 private:
  explicit Communicator(std::shared_ptr<Native const> native);

  std::shared_ptr<Native const> native_;
  int rank_ = 0;
  int size_ = 1;
};

}  // namespace sonde::comm
