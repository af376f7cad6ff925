// sonde verify: a result is believed only when its stored bytes still say the same.
#include <cmath>
#include <iostream>
#include <sstream>

#include "app/command.hpp"
#include "app/common_options.hpp"
#include "app/generate_options.hpp"
#include "app/isolate.hpp"
#include "base/check.hpp"
#include "base/cpu_isa.hpp"
#include "comm/agree.hpp"
#include "comm/collectives.hpp"
#include "generate/verify.hpp"

namespace sonde::app {
namespace {

CommandLine make_verify_line() {
  CommandLine line(
      "sonde verify F.h5 [--model A --model B ...] [options]",
      "Re-runs every finding of a result of sonde generate, and its seed, from their stored bytes, recomputes its\n"
      "coverage, and compares its tables with each other. Exit status 0: all holds; 1: something does not (each is\n"
      "printed); 2: the file cannot be read.");
  line.group("Result")->add_options()("result", po::value<std::string>()->value_name("F.h5"),
                                      "the result file; also as the first word")(
      "model", po::value<std::vector<std::string>>()->value_name("FILE"),
      "models in their order, instead of the stored paths (same content: compared by sha256); repeatable")(
      "tolerance", po::value<double>()->default_value(1e-5),
      "on a backend other than the run's: differences closer to a tie than this are reported, not failed [share of the "
      "largest output]");
  add_execution_options(line);
  line.positional("result", 1);
  return line;
}

/// The stored configuration as generate's own options.
CommandLine stored_line(io::H5File const& file) {
  CommandLine line = make_generate_line();
  auto const config = file.read_text("/config");
  VALIDATE(config.size() == 1,
           "result " << file.path() << ": /config is no text. It is not a result of sonde generate.");
  line.parse_config_text(config.front(), file.path() + ":/config");
  return line;
}

generate::Networks read_stored_models(io::H5File const& file, CommandLine const& line, CommandLine const& stored) {
  std::vector<std::string> paths = line.texts("model");
  std::size_t const count = file.children("/models").size();
  VALIDATE(paths.empty() || paths.size() == count, "--model: " << paths.size()
                                                               << " given, but the result was made with " << count
                                                               << " models. Give all, in their order.");
  generate::Networks networks;
  for (std::size_t k = 0; k < count; ++k) {
    std::string const group = "/models/" + std::to_string(k);
    std::string const path = paths.empty() ? file.read_text(group + "/path").at(0) : paths[k];
    networks.push_back(
        std::make_shared<nn::Network const>(io::read_model(path, model_options(stored)), stored.flag("regression")));
    std::string const sha256 = file.read_text(group + "/sha256").at(0);
    VALIDATE(networks.back()->file().sha256 == sha256,
             "model " << path << ": it is not the file the result was made with (its sha256 is "
                      << networks.back()->file().sha256 << " instead of " << sha256
                      << "). Give the original with --model.");
  }
  return networks;
}

void print_report(generate::VerifyReport const& report) {
  for (std::string const& problem : report.problems) std::cout << problem << '\n';
  std::cout << report.findings << " findings re-run: " << report.findings - report.failed - report.near_ties
            << " hold, " << report.near_ties << " near ties, " << report.failed << " do not hold; coverage "
            << (report.coverage_holds ? "holds" : "DOES NOT HOLD") << "; tables "
            << (report.tables_hold ? "agree" : "DO NOT AGREE") << '\n';
}

}  // namespace

int run_verify(std::vector<std::string> const& words, comm::Communicator const& comm) {
  CommandLine line = make_verify_line();
  auto parsed = CommandLine::Result::run;
  std::unique_ptr<generate::VerifyJob> job;
  cap_isa(static_cast<CpuIsa>(comm::allreduce(comm, comm::Reduction::min, static_cast<std::int32_t>(usable_isa()))));
  comm::agree(comm, [&] {
    parsed = line.parse(words, comm.is_root());
    if (parsed != CommandLine::Result::run) return;
    VALIDATE(line.given("result"), "verify: no result is named. Write sonde verify F.h5.");
  });
  if (parsed != CommandLine::Result::run) return exit_done;
  open_isolated(line, comm);
  comm::agree(comm, [&] {
    auto file = io::H5File::open(line.text("result"));
    VALIDATE(file.has_attribute("/", "schema") && file.text_attribute("/", "schema") == "sonde-generate",
             "result " << file.path()
                       << ": it is not a result of sonde generate (its schema says otherwise). Check the path.");
    CommandLine const stored = stored_line(file);
    auto networks = read_stored_models(file, line, stored);
    backend::BackendMaker const backend = backend_maker(line.text("backend") == "auto" ? stored : line);
    job = std::make_unique<generate::VerifyJob>(std::move(file), generate_config(stored), std::move(networks),
                                                io::parse_preprocess(stored.texts("preprocess")).model, backend,
                                                line.number_in("tolerance", 0, 1));
  });
  generate::VerifyReport const report = job->run(comm);
  if (comm.is_root()) print_report(report);
  return report.failed == 0 && report.coverage_holds && report.tables_hold ? exit_done : exit_failure;
}

}  // namespace sonde::app
