// sonde inspect: affinity of units and hypotheses.
#include <cstdio>
#include <filesystem>
#include <iostream>

#include "app/checkpoint_options.hpp"
#include "app/command.hpp"
#include "app/common_options.hpp"
#include "app/inspect_checkpoint.hpp"
#include "app/inspect_options.hpp"
#include "app/inspect_setup.hpp"
#include "app/inspect_summary.hpp"
#include "app/inspect_watch.hpp"
#include "app/isolate.hpp"
#include "app/scan_options.hpp"
#include "app/version.hpp"
#include "base/check.hpp"
#include "base/cpu_isa.hpp"
#include "base/log.hpp"
#include "base/registry.hpp"
#include "base/stop_request.hpp"
#include "base/timer.hpp"
#include "comm/agree.hpp"
#include "comm/collectives.hpp"
#include "inspect/hypotheses/cache.hpp"
#include "inspect/hypotheses/mask.hpp"
#include "inspect/results.hpp"
#include "io/provenance.hpp"
#include "io/result_file.hpp"
#include "nn/model_record.hpp"

namespace sonde::app {
namespace {

class InspectJob {
 public:
  InspectJob(CommandLine& line, std::vector<std::string> const& words, comm::Communicator const& comm)
      : line_(line), words_(words), comm_(comm), out_(line.text("out")) {}

  int run() {
    set_up();
    if (line_.flag("dry-run")) return dry_run();
    bool const complete = is_complete(line_, comm_, [&](io::H5File const& result) {
      check_result(result, "inspect", setup_->effective_config(), setup_->networks(), setup_->data().records.get(),
                   "/data");
    });
    if (complete) return exit_done;
    InspectCheckpoint checkpoint(comm_, out_, existing(line_), setup_->identity());
    std::unique_ptr<inspect::StateReader> const state = find(checkpoint);
    start_watch(state.get());
    Timer timer;
    inspect::Result const result = inspect(checkpoint);
    double const seconds = timer.seconds();
    watch_->close();
    setup_->save_caches();
    if (result.stopped_by != StopReason::none) return stopped(result, checkpoint);
    inspect::QValues const q = inspect::q_values(result, comm_);
    try {
      write(result, q, seconds);
    } catch (...) {
      if (comm_.is_root()) std::remove(io::unfinished_name(out_).c_str());
      throw;
    }
    if (comm_.is_root()) checkpoint.remove_all();
    watch_->event(
        "done", {{"out", out_}, {"seconds", seconds}, {"rows", result.rows}, {"stopped_early", result.stopped_early}});
    report(result, q, seconds);
    return exit_done;
  }

 private:
  void set_up() {
    comm::agree(comm_, [&] {
      apply_log_level(line_, comm_);
      options_ = checkpoint_options(line_);
      VALIDATE(line_.given("hypothesis"),
               "--hypothesis: none is given (units are scored against hypotheses). Give e.g. --hypothesis "
               "'digit=class:digit'; --help lists the kinds.");
      VALIDATE(line_.given("model") != line_.given("behaviors"),
               "--model, --behaviors: give one of them: models to run, or behaviours that were stored.");
      if (!line_.flag("dry-run")) check_place(line_);
    });
    set_time_limit(options_.time_limit);
    cap_isa(static_cast<CpuIsa>(comm::allreduce(comm_, comm::Reduction::min, static_cast<std::int32_t>(usable_isa()))));
    setup_ = std::make_unique<InspectSetup>(line_, comm_);
    inspection_ = std::make_unique<inspect::Inspection>(setup_->config(), setup_->units(), setup_->hypotheses(),
                                                        setup_->facts(), comm_);
  }

  /// The checkpoint to go on from, if the run is to and there is one.
  std::unique_ptr<inspect::StateReader> find(InspectCheckpoint const& checkpoint) {
    if (!options_.resume) return nullptr;
    std::unique_ptr<inspect::StateReader> state = checkpoint.newest();
    if (comm_.is_root()) {
      if (state) {
        SONDE_LOG(info, "going on from " << state->path());
      } else {
        SONDE_LOG(info, "there is no checkpoint of " << out_ << ": the run begins");
      }
    }
    if (!state) return nullptr;
    comm::agree(comm_, [&] { inspection_->resume(*state); });
    return state;
  }

  void start_watch(inspect::StateReader const* state) {
    std::int64_t const passes = inspection_->tiles() * (inspection_->order_pass() ? 2 : 1);
    comm::agree(comm_, [&] {
      std::int64_t const total = setup_->units().records() * passes;
      std::int64_t const before = state ? state->whole<std::int64_t>("status/records", 1).front() : 0;
      watch_ = std::make_unique<InspectWatch>(options_, comm_.is_root(),
                                              passes == 1 ? "records" : "records in all passes", total, before);
      EventLog::Fields fields{{"command", "inspect"},
                              {"version", version()},
                              {"out", out_},
                              {"ranks", comm_.size()},
                              {"threads", setup_->config().threads},
                              {"units", setup_->units().units().size()},
                              {"hypotheses", setup_->hypotheses().size()},
                              {"records", before},
                              {"of", total},
                              {"resumed_from", nullptr}};
      if (state) fields["resumed_from"] = state->path();
      watch_->event("start", fields);
    });
  }

  inspect::Result inspect(InspectCheckpoint& checkpoint) {
    inspect::RunHooks hooks;
    hooks.save_every = options_.every;
    hooks.progress = [&](inspect::Status const& status) { watch_->progress(status); };
    hooks.save = [&](inspect::StateWriter& state) {
      Timer timer;
      setup_->save_caches();
      checkpoint.write(state);
      watch_->event("checkpoint",
                    {{"file", checkpoint.path()}, {"records", watch_->records()}, {"seconds", timer.seconds()}});
    };
    return inspection_->run(hooks);
  }

  int stopped(inspect::Result const& result, InspectCheckpoint const& checkpoint) {
    watch_->event("stopped", {{"reason", to_string(result.stopped_by)},
                              {"file", checkpoint.path()},
                              {"records", watch_->records()},
                              {"of", watch_->total()}});
    if (comm_.is_root())
      std::cout << "stopped on " << to_string(result.stopped_by) << " after " << watch_->records() << " of "
                << watch_->total() << " records in all passes. " << checkpoint.path()
                << " has what is needed to go on: give the same command with --resume, on any number of ranks and "
                   "threads.\n";
    return exit_stopped;
  }

  int dry_run() const {
    if (!comm_.is_root()) return exit_done;
    std::cout << "units      " << setup_->units().units().size() << " of " << setup_->units().origin() << '\n'
              << "hypotheses " << setup_->hypotheses().size() << '\n'
              << "records    " << setup_->facts().records << " of " << setup_->facts().symbols << " row(s); "
              << inspection_->total_rows() << " rows without padding, in " << inspection_->order().blocks()
              << " blocks\n"
              << "memory     " << static_cast<double>(setup_->units().bytes()) / 1e9 << " GB of activations and "
              << static_cast<double>(inspection_->bytes()) / 1e9 << " GB of sums and blocks in each rank\n"
              << "passes     " << inspection_->tiles() * (inspection_->order_pass() ? 2 : 1)
              << (inspection_->order_pass() ? " (ranks and quantiles need all rows once before)" : "") << '\n';
    return exit_done;
  }

  void write(inspect::Result const& result, inspect::QValues const& q, double seconds) const {
    io::ParallelFile file(comm_, io::unfinished_name(out_));
    std::string created = io::iso_time();
    comm::broadcast(comm_, created);
    io::write_provenance(file.file(), "sonde-inspect", join(setup_->units().backends()),
                         {setup_->effective_config(), "sonde inspect " + join(words_, " "), version(), git_commit(),
                          created, comm_.size(), setup_->config().threads});
    for (std::size_t k = 0; k < setup_->networks().size(); ++k)
      nn::write_model(file.file(), k, *setup_->networks()[k], setup_->units().backends()[k]);
    if (setup_->data().records) io::write_data_facts(file.file(), *setup_->data().records);
    inspect::write_results(file, result, q, setup_->units(), setup_->hypotheses(), setup_->config());
    file.file().create_group("/timing");
    std::vector<double> times{seconds};  // every rank writes the same
    comm::broadcast(comm_, std::span<double>(times));
    io::write_column(file.file(), "/timing/seconds", times, "s", "reading, scoring and training");
    file.close();
    comm::agree(comm_, [&] {
      if (comm_.is_root()) io::finish_file(out_);
    });
  }

  void report(inspect::Result const& result, inspect::QValues const& q, double seconds) const {
    std::string const summary = inspect_summary(result, q, setup_->units(), setup_->hypotheses(),
                                                static_cast<std::size_t>(line_.integer_in("top", 0, 1 << 20)), comm_);
    if (!comm_.is_root()) return;
    std::cout << setup_->units().units().size() << " units, " << setup_->hypotheses().size() << " hypotheses, "
              << result.rows << " of " << result.total_rows << " rows (" << result.records << " records) in "
              << duration_text(seconds) << ", " << static_cast<std::int64_t>(static_cast<double>(result.rows) / seconds)
              << " rows/s"
              << (result.stopped_early ? "; stopped early: every score is known to the bound asked for" : "") << '\n'
              << summary << "results in " << out_ << '\n';
  }

  CommandLine& line_;
  std::vector<std::string> const& words_;
  comm::Communicator const& comm_;
  std::string const out_;
  CheckpointOptions options_;
  std::unique_ptr<InspectSetup> setup_;
  std::unique_ptr<inspect::Inspection> inspection_;
  std::unique_ptr<InspectWatch> watch_;
};

}  // namespace

int run_inspect(std::vector<std::string> const& words, comm::Communicator const& comm) {
  CommandLine line = make_inspect_line();
  auto parsed = CommandLine::Result::run;
  comm::agree(comm, [&] { parsed = line.parse(words, comm.is_root()); });
  if (parsed != CommandLine::Result::run) return exit_done;
  open_isolated(line, comm);
  return InspectJob(line, words, comm).run();
}

}  // namespace sonde::app
