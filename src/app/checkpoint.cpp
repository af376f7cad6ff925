#include "app/checkpoint.hpp"

#include <filesystem>
#include <iostream>

#include "app/common_options.hpp"
#include "base/check.hpp"
#include "comm/agree.hpp"
#include "comm/collectives.hpp"

namespace sonde::app {
namespace {

/// The one text of a dataset. Throws InputError.
std::string text_of(io::H5File const& file, std::string const& name) {
  auto const texts = file.read_text(name);
  VALIDATE(texts.size() == 1, "file " << file.path() << ": " << name << " is not one text (it is damaged).");
  return texts.front();
}

}  // namespace

io::Existing existing(CommandLine const& line) {
  if (line.flag("resume")) return io::Existing::resume;
  return line.flag("overwrite") ? io::Existing::overwrite : io::Existing::refuse;
}

void check_place(CommandLine const& line) {
  if (!line.flag("resume")) return check_output(line);
  VALIDATE(!line.text("out").empty(), "--out: no result file is named. Give --out F.h5.");
  check_folder("--out", line.text("out"));
}

bool is_complete(CommandLine const& line, comm::Communicator const& comm,
                 std::function<void(io::H5File const&)> const& check) {
  std::string const out = line.text("out");
  std::int32_t complete = 0;
  comm::agree(comm, [&] {
    if (!comm.is_root()) return;
    complete = line.flag("resume") && std::filesystem::exists(out) && !io::newest_segment(out) ? 1 : 0;
    if (complete) check(io::H5File::open(out));
  });
  comm::broadcast(comm, std::span(&complete, 1));
  if (complete && comm.is_root()) std::cout << out << " is complete already: nothing is left to be done\n";
  return complete != 0;
}

std::string newest_segment_of_root(comm::Communicator const& comm, std::string const& out) {
  std::string path = comm.is_root() ? io::newest_segment(out).value_or("") : "";
  comm::broadcast(comm, path);
  return path;
}

void check_checkpoint(std::string const& path, std::string const& kind, RunIdentity const& identity) {
  std::string const before = read_or_explain(path, [&] {
    auto const file = io::H5File::open(path);
    bool const known = file.is_dataset("/state/kind") && text_of(file, "/state/kind") == kind;
    VALIDATE(known, "it was not written by this command and version (" << kind << ").");
    return text_of(file, "/state/identity");
  });
  identity.check_same(before, path);
}

void check_result(io::H5File const& result, std::string const& command, std::string const& config,
                  std::vector<std::shared_ptr<nn::Network const>> const& networks, io::Dataset const* data,
                  std::string const& data_group) {
  VALIDATE(result.has_attribute("/", "schema") && result.text_attribute("/", "schema") == "sonde-" + command,
           "file " << result.path() << ": it is no result of sonde " << command
                   << ". Name another --out, or give --overwrite.");
  RunIdentity before, now;
  before.add_options(text_of(result, "/config"));
  now.add_options(config);
  for (std::size_t k = 0; k < networks.size(); ++k) {
    std::string const number = std::to_string(k), group = "/models/" + number;
    if (result.is_group(group)) before.add_file("model " + number, text_of(result, group + "/sha256"), "");
  }
  now.add_models(networks);
  if (data) {
    before.add_file("data", result.text_attribute(data_group, "sha256"), "");
    now.add_file("data", data->sha256(), data->path());
  }
  now.check_same(before.text(), result.path());
}

}  // namespace sonde::app
