#include "app/scan_options.hpp"

#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "app/batch_option.hpp"
#include "app/command.hpp"
#include "app/version.hpp"
#include "base/check.hpp"
#include "base/cpu_isa.hpp"
#include "base/log.hpp"
#include "base/registry.hpp"
#include "base/timer.hpp"
#include "comm/agree.hpp"
#include "comm/collectives.hpp"
#include "io/result_file.hpp"

namespace sonde::app {
namespace {

/// Options that do not decide the result, and are left out of its /config.
std::vector<std::string> const execution_options{"threads", "log-level",      "out", "overwrite", "dry-run",
                                                 "isolate", "isolate-timeout"};

}  // namespace

void add_scan_options(CommandLine& line) {
  line.group("Scan")->add_options()("batch", po::value<std::string>()->default_value("auto"),
                                    "records run through the models at once; memory grows with it; auto: 64, on a GPU "
                                    "what its memory holds [records]")(
      "dry-run", po::bool_switch(), "check everything, run one batch, and print what the run would take");
}

void apply_log_level(CommandLine const& line, comm::Communicator const& comm) {
  configure_log(log_level(line.text("log-level")), comm.rank(), comm.size());
  SONDE_LOG(debug, "rank " << comm.rank() << " of " << comm.size() << " is process " << getpid());
}

std::unique_ptr<nn::Scan> make_scan(CommandLine& line, nn::Scan::Networks networks, Data const& data,
                                    std::vector<int> const& kept_nodes, comm::Communicator const& comm) {
  nn::ScanOptions options;
  options.batch = settle_batch(line, networks, {}, comm);
  comm::agree(comm, [&] {
    options.make_backend = backend_maker(line);
    options.threads = static_cast<int>(line.integer_in("threads", 1, 1024));
    if (!kept_nodes.empty()) options.kept_nodes.assign(networks.size(), kept_nodes);
    options.only_kept = !kept_nodes.empty();  // what they do not need is not computed
  });
  if (comm.is_root()) warn_about_scale(line, *data.records);
  // Ranks of unequal instruction sets would compute different bits.
  cap_isa(static_cast<CpuIsa>(comm::allreduce(comm, comm::Reduction::min, static_cast<std::int32_t>(usable_isa()))));
  std::unique_ptr<nn::Scan> scan;
  comm::agree(comm, [&] {
    check_vocabulary(networks, data);
    scan = std::make_unique<nn::Scan>(std::move(networks), data.records, data.preprocess.model, std::move(options));
  });
  std::vector<std::string> backends;
  for (std::size_t k = 0; k < scan->networks().size(); ++k) backends.push_back(scan->backend_name(k));
  check_same_backends(backends, comm);
  return scan;
}

int dry_run(nn::Scan& scan, double disk, comm::Communicator const& comm) {
  comm::agree(comm, [&] {
    if (!comm.is_root()) return;
    auto const nothing = [](nn::Scan::Visit const&) {};
    scan.run({0, 1}, nothing, {});  // warms up
    Timer timer;
    scan.run({0, 1}, nothing, {});
    double const workers = static_cast<double>(comm.size()) * scan.options().threads;
    auto const blocks = static_cast<double>(scan.blocks());
    for (std::size_t k = 0; k < scan.networks().size(); ++k) {
      nn::Network const& network = *scan.networks()[k];
      std::cout << "model   " << network.file().path << ": input " << network.shown_input_shape() << ", "
                << network.units() << " neurons, backend " << scan.backend_name(k) << '\n';
    }
    std::cout << "data    " << scan.records().path() << ": " << scan.records().size() << " records of "
              << to_string(scan.records().sample_shape()) << '\n'
              << "memory  " << static_cast<double>(scan.bytes()) / 1e9 << " GB of activations in each rank\n"
              << "disk    " << disk / 1e9 << " GB\n"
              << "time    about " << duration_text(timer.seconds() * blocks / std::min(workers, blocks)) << " on "
              << workers << " worker(s)\n";
  });
  return exit_done;
}

void write_run_facts(io::H5File& file, std::string const& command, CommandLine const& line,
                     std::vector<std::string> const& words, nn::Scan const& scan, int ranks,
                     std::string const& created) {
  std::vector<std::string> backends;
  for (std::size_t k = 0; k < scan.networks().size(); ++k) backends.push_back(scan.backend_name(k));
  io::Provenance const provenance{line.effective_config(execution_options),
                                  "sonde " + command + ' ' + join(words, " "),
                                  version(),
                                  git_commit(),
                                  created,
                                  ranks,
                                  scan.options().threads};
  io::write_provenance(file, "sonde-" + command, join(backends), provenance);
}

ScanProgress::ScanProgress(nn::Scan const& scan, comm::Communicator const& comm)
    : total_(scan.records().size()), ranks_(comm.size()), progress_(total_, "records", comm.is_root()) {}

void ScanProgress::update(std::int64_t done) { progress_.update(std::min(done * ranks_, total_)); }

}  // namespace sonde::app
