#include "app/isolate.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <thread>

#include "app/command.hpp"
#include "base/check.hpp"
#include "base/log.hpp"
#include "base/timer.hpp"
#include "inspect/hypotheses/file_argument.hpp"
#include "io/datasets/dataset.hpp"
#include "io/datasets/once.hpp"
#include "io/h5.hpp"
#include "io/models/model_file.hpp"

namespace sonde::app {
namespace {

// --- the child ---

/// Path and part of FILE:PART: the longest path that exists counts, as in data arguments.
std::pair<std::string, std::string> split(std::string const& spec) {
  std::error_code ignored;
  for (auto colon = spec.size(); colon != std::string::npos && colon > 0; colon = spec.rfind(':', colon - 1)) {
    std::string const path = spec.substr(0, colon);
    if (std::filesystem::exists(path, ignored)) return {path, spec.substr(std::min(colon + 1, spec.size()))};
  }
  return {spec, ""};
}

/// Runs one reader. What it throws is for the run itself to say.
template <class Reader>
bool reads(Reader const& reader) {
  try {
    reader();
    return true;
  } catch (std::exception const&) {
    return false;
  }
}

void read_all(io::H5Dataset const& data) {
  if (data.type() == io::ElementType::text) {
    data.read_text();
    return;
  }
  constexpr std::int64_t most = std::int64_t{1} << 24;  // elements at once
  std::int64_t const block = std::max<std::int64_t>(1, most / std::max<std::int64_t>(1, data.row_elements()));
  std::vector<float> rows;
  for (std::int64_t first = 0; first < data.rows(); first += block) {
    std::int64_t const count = std::min(block, data.rows() - first);
    rows.resize(static_cast<std::size_t>(count * data.row_elements()));
    data.read_rows<float>(first, count, std::span(rows));
  }
}

/// Everything below an object of an HDF5 file; links may run in circles.
void read_below(io::H5File const& file, std::string const& name, int depth, int& left) {
  if (depth == 0 || left-- <= 0) return;
  if (reads([&] { read_all(file.dataset(name)); })) return;
  std::vector<std::string> children;
  reads([&] { children = file.children(name); });
  for (std::string const& child : children) read_below(file, name + "/" + child, depth - 1, left);
}

void read_file(std::string const& spec) {
  auto const [path, part] = split(spec);
  io::ModelOptions options;
  options.sequence_length = 1;
  bool const is_model = part.empty() && reads([&, &file = path] { io::read_model(file, options); });
  if (is_model) return;
  if (!io::H5File::has_signature(path)) {
    auto const data = io::open_dataset(spec, {}, comm::Communicator());
    std::vector<float> record(static_cast<std::size_t>(volume(data->sample_shape())));
    std::int64_t const first = 0;
    data->read({&first, 1}, record.data());
    return;
  }
  int left = 100000;
  read_below(io::H5File::open(path), part.empty() ? "/" : part, 32, left);
}

// --- the parent ---

/// FILE:PART of NAME=KIND:FILE[:PART][,KEY=VALUE..]; empty for kinds without files of data.
std::string file_of_hypothesis(std::string const& text) {
  for (std::string const kind : {"labels", "spans", "mask"}) {
    auto const place = text.find('=');
    if (text.compare(std::min(place, text.size()), kind.size() + 2, "=" + kind + ":") != 0) continue;
    auto const file = inspect::parse_file_argument(kind, text.substr(place + kind.size() + 2));
    auto const form = kind == "spans" ? file.part.rfind(':') : file.part.size();  // GROUP:FORM
    return form == std::string::npos || form == 0 ? file.path : file.path + ":" + file.part.substr(0, form);
  }
  return "";
}

/// Files of a command line, each once, in their order.
std::vector<std::string> files_of(CommandLine const& line, std::vector<std::string> const& options) {
  std::vector<std::string> files;
  auto const add = [&](std::string const& file) {
    if (!file.empty() && std::ranges::count(files, file) == 0) files.push_back(file);
  };
  for (std::string const& option : options) {
    if (!line.given(option)) continue;
    if (option == "model") {
      for (std::string const& file : line.texts(option)) add(file);
    } else if (option == "hypothesis") {
      for (std::string const& text : line.texts(option)) reads([&] { add(file_of_hypothesis(text)); });
    } else {
      add(line.text(option));
    }
  }
  return files;
}

/// The environment without what would make the child a part of this run.
std::vector<char*> child_environment() {
  std::vector<char*> environment;
  for (char** entry = environ; *entry; ++entry) {
    std::string_view const text(*entry);
    if (!text.starts_with("OMPI_") && !text.starts_with("PMIX_")) environment.push_back(*entry);
  }
  environment.push_back(nullptr);
  return environment;
}

pid_t start_child(std::string file) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_RDWR, 0);
  }
  std::string name = "sonde", word = isolated_word;
  std::vector<char*> words{name.data(), word.data(), file.data(), nullptr};
  pid_t child = -1;
  int const error = posix_spawn(&child, "/proc/self/exe", &actions, nullptr, words.data(), child_environment().data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    SONDE_FAIL_AS(Error,
                  "--isolate: no child process can be started (" << std::strerror(error) << "). Leave --isolate out.");
  }
  return child;
}

void open_in_child(std::string const& file, double seconds) {
  pid_t const child = start_child(file);
  Timer timer;
  int status = 0;
  pid_t ended = 0;
  while (true) {
    ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child || (ended < 0 && errno != EINTR)) break;
    if (timer.seconds() > seconds) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, 0);
      SONDE_FAIL_AS(InputError, "file " << file << ": it was not opened within " << seconds
                                        << " s (damaged, or on a slow disk). Copy it again, or raise "
                                           "--isolate-timeout.");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  if (ended < 0) SONDE_FAIL_AS(Error, "--isolate: the child process was lost. Leave --isolate out.");
  if (WIFEXITED(status) && WEXITSTATUS(status) == exit_done) return;
  std::ostringstream how;
  if (WIFSIGNALED(status)) {
    how << "signal " << WTERMSIG(status) << ", " << strsignal(WTERMSIG(status));
  } else {
    how << "exit status " << WEXITSTATUS(status);
  }
  SONDE_FAIL_AS(InputError, "file " << file << ": opening it crashed a child process (" << how.str()
                                    << "). The file is damaged: copy it again.");
}

}  // namespace

void add_isolate_options(po::options_description* group) {
  group->add_options()("isolate", po::bool_switch(),
                       "open models and data in a child process first: a damaged HDF5 file may crash its library")(
      "isolate-timeout", po::value<double>()->default_value(600), "for each file [s]");
}

void open_isolated(CommandLine const& line, comm::Communicator const& comm) {
  if (!line.flag("isolate")) return;
  // One rank looks; all of them throw what it found.
  io::once(comm, [&] {
    double const seconds = line.number_in("isolate-timeout", 0.01, 1e9);
    std::vector<std::string> const options{"result", "model", "seeds", "data", "labels", "behaviors", "hypothesis"};
    for (std::string const& file : files_of(line, options)) open_in_child(file, seconds);
    return std::string();
  });
}

int run_isolated(std::string const& spec) {
  // It goes with its parent, and a crash leaves no file of memory behind.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  rlimit const none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  configure_log(LogLevel::error, 0, 1);
  reads([&] { read_file(spec); });
  return exit_done;
}

}  // namespace sonde::app
