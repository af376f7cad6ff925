// sonde: subcommands, errors and exit statuses.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "app/command.hpp"
#include "app/isolate.hpp"
#include "app/version.hpp"
#include "base/check.hpp"
#include "base/log.hpp"
#include "base/registry.hpp"
#include "base/stop_request.hpp"
#include "comm/agree.hpp"
#include "comm/mpi_session.hpp"
#include "device/device.hpp"

namespace sonde::app {
namespace {

struct Command {
  CommandFunction run;
  char const* summary;
  bool has_checkpoints = false;
};

Registry<Command> const& commands() {
  static Registry<Command> const registry(
      "command",
      {{"generate", {run_generate, "find inputs on which models disagree (DeepXplore)", true}},
       {"inspect", {run_inspect, "score the affinity of units and hypotheses (DeepBase)", true}},
       {"verify", {run_verify, "re-run every finding of a result from its stored bytes"}},
       {"coverage", {run_coverage, "neuron coverage of a data set"}},
       {"extract", {run_extract, "write the values of units over a data set"}},
       {"describe", {run_describe, "layers, shapes and counted units of a model; --ops lists what is supported"}}});
  return registry;
}

void print_usage(std::ostream& out) {
  out << "usage: sonde COMMAND [options]\n\nsonde tests and inspects trained neural networks at scale. Commands:\n";
  for (std::string const& name : commands().names()) {
    out << "  " << name << std::string(10 - name.size(), ' ') << commands().at(name).summary << '\n';
  }
  out << "\n'sonde COMMAND --help' lists the options of a command; 'sonde --version' the version.\n"
         "Exit status: 0 done, 1 failure, 2 bad usage or input, 3 stopped on request.\n";
}

/// Runs the command line; throws what the command throws.
int dispatch(std::vector<std::string> words, comm::Communicator const& comm) {
  bool const print = comm.rank() == 0;
  if (words.empty()) {
    if (print) print_usage(std::cerr);
    return exit_bad_input;
  }
  std::string const name = words.front();
  words.erase(words.begin());
  if (name == "--help" || name == "-h" || name == "help") {
    if (print) print_usage(std::cout);
    return exit_done;
  }
  if (name == "--version") {
    if (print) std::cout << "sonde " << version() << '\n';
    return exit_done;
  }
  Command const* command = nullptr;
  comm::agree(comm, [&] { command = &commands().at(name); });
  return command->run(words, comm);
}

/// Whether the command line is a job that answers a signal by a checkpoint.
bool can_be_stopped(std::vector<std::string> const& words) {
  if (words.empty() || std::ranges::find(words, "--dry-run") != words.end()) return false;
  auto const names = commands().names();
  return std::ranges::find(names, words.front()) != names.end() && commands().at(words.front()).has_checkpoints;
}

}  // namespace
}  // namespace sonde::app

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == sonde::app::isolated_word) return sonde::app::run_isolated(argv[2]);
  std::vector<std::string> const words(argv + 1, argv + argc);
  // Before MPI starts, which takes a while: a job may be told to stop as soon as it is there.
  if (sonde::app::can_be_stopped(words)) sonde::watch_stop_signals();
  sonde::comm::MpiSession const session(argc, argv);
  auto const comm = sonde::comm::Communicator::world();
  sonde::device::choose(comm.split_node().rank());
  sonde::configure_log(sonde::LogLevel::info, comm.rank(), comm.size());
  try {
    return sonde::app::dispatch(words, comm);
  } catch (std::exception const& error) {
    int const status =
        dynamic_cast<sonde::InputError const*>(&error) ? sonde::app::exit_bad_input : sonde::app::exit_failure;
    if (dynamic_cast<sonde::comm::Agreed const*>(&error) || comm.size() == 1) {
      // Every rank is here: said once.
      if (comm.is_root()) std::cerr << "sonde: " << error.what() << std::endl;
      if (status != sonde::app::exit_failure || comm.size() > 1) return status;
      // HDF5 1.10 may crash where MPI_Finalize has it close a file that could not be written, on a full disk.
      std::cout.flush();
      std::_Exit(status);
    }
    // One rank's failure in mid-run: the others wait for it, and would for ever.
    SONDE_LOG(error, "sonde: " << error.what());
    sonde::comm::abort_run(status);
  }
}
