#include "app/inspect_checkpoint.hpp"

#include <filesystem>

#include "base/check.hpp"
#include "comm/agree.hpp"
#include "comm/collectives.hpp"

namespace sonde::app {
namespace {

namespace fs = std::filesystem;

constexpr char const* kind = "sonde inspect 1";

/// As rank 0 sees the folder.
std::string newest_of_root(comm::Communicator const& comm, std::string const& out) {
  std::string path = comm.is_root() ? io::newest_segment(out).value_or("") : "";
  comm::broadcast(comm, path);
  return path;
}

}  // namespace

InspectCheckpoint::InspectCheckpoint(comm::Communicator const& comm, std::string out, io::Existing existing,
                                     RunIdentity identity)
    : comm_(comm),
      out_(std::move(out)),
      identity_(std::move(identity)),
      segments_(comm, out_, existing),
      path_(newest_of_root(comm, out_)) {}

std::unique_ptr<inspect::StateReader> InspectCheckpoint::newest() const {
  if (path_.empty()) return nullptr;
  std::unique_ptr<inspect::StateReader> reader;
  comm::agree(comm_, [&] {
    reader = std::make_unique<inspect::StateReader>(path_);
    VALIDATE(reader->has("kind") && reader->text("kind") == kind,
             "checkpoint " << path_ << ": it is not of this command (" << kind
                           << "). Name another --out, or give --overwrite to start anew.");
    identity_.check_same(reader->text("identity"), path_);
  });
  return reader;
}

void InspectCheckpoint::write(inspect::StateWriter& state) {
  state.text("kind", kind);
  state.text("identity", identity_.text());
  segments_.write(state.tables(), state.state());
  path_ = newest_of_root(comm_, out_);
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

void check_complete_inspection(std::string const& out, std::string const& config, nn::Scan::Networks const& networks,
                               Data const& data) {
  auto const file = io::H5File::open(out);
  VALIDATE(file.has_attribute("/", "schema") && file.text_attribute("/", "schema") == "sonde-inspect",
           "file " << out << ": it is no result of sonde inspect. Name another --out, or give --overwrite.");
  RunIdentity before, now;
  before.add_options(file.read_text("/config").at(0));
  now.add_options(config);
  for (std::size_t k = 0; k < networks.size(); ++k) {
    std::string const name = "model " + std::to_string(k) + " (sha256)", group = "/models/" + std::to_string(k);
    if (file.is_group(group)) before.add(name, file.read_text(group + "/sha256").at(0));
    now.add(name, networks[k]->file().sha256);
  }
  if (data.records) {
    before.add("data (sha256)", file.text_attribute("/data", "sha256"));
    now.add("data (sha256)", data.records->sha256());
  }
  now.check_same(before.text(), out);
}

}  // namespace sonde::app
