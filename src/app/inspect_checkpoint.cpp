#include "app/inspect_checkpoint.hpp"

#include <filesystem>

#include "base/check.hpp"
#include "comm/agree.hpp"
#include "comm/collectives.hpp"

namespace sonde::app {
namespace {

namespace fs = std::filesystem;

constexpr char const* kind = "sonde inspect 1";

}  // namespace

InspectCheckpoint::InspectCheckpoint(comm::Communicator const& comm, std::string out, io::Existing existing,
                                     RunIdentity identity)
    : comm_(comm),
      out_(std::move(out)),
      identity_(std::move(identity)),
      segments_(comm, out_, existing),
      path_(newest_segment_of_root(comm, out_)) {}

std::unique_ptr<inspect::StateReader> InspectCheckpoint::newest() const {
  if (path_.empty()) return nullptr;
  std::unique_ptr<inspect::StateReader> reader;
  comm::agree(comm_, [&] {
    check_checkpoint(path_, kind, identity_);
    reader = std::make_unique<inspect::StateReader>(path_);
  });
  return reader;
}

void InspectCheckpoint::write(inspect::StateWriter& state) {
  state.text("kind", kind);
  state.text("identity", identity_.text());
  segments_.write(state.tables(), state.state());
  path_ = newest_segment_of_root(comm_, out_);
  if (!comm_.is_root()) return;
  for (std::string const& path : io::segment_paths(out_)) {  // each holds everything
    std::error_code ignored;
    if (path != path_) fs::remove(path, ignored);
  }
}

void InspectCheckpoint::remove_all() const {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(fs::path(path_).parent_path(), ignored);
}

}  // namespace sonde::app
