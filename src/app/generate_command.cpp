#include <algorithm>
#include <cstring>
#include <fstream>
#include <iostream>

#include "app/batch_option.hpp"
#include "app/checkpoint_options.hpp"
#include "app/command.hpp"
#include "app/common_options.hpp"
#include "app/generate_checkpoint.hpp"
#include "app/generate_dry_run.hpp"
#include "app/generate_options.hpp"
#include "app/generate_summary.hpp"
#include "app/generate_watch.hpp"
#include "app/isolate.hpp"
#include "app/scan_options.hpp"
#include "app/version.hpp"
#include "base/check.hpp"
#include "base/cpu_isa.hpp"
#include "base/log.hpp"
#include "base/stop_request.hpp"
#include "base/timer.hpp"
#include "comm/agree.hpp"
#include "comm/collectives.hpp"
#include "comm/mpi_session.hpp"
#include "generate/run.hpp"
#include "generate/schedule.hpp"
#include "io/provenance.hpp"

namespace sonde::app {
namespace {

std::string command_text(std::vector<std::string> const& words) {
  std::string text = "sonde generate";
  for (std::string const& word : words) text += ' ' + word;
  return text;
}

/// One generate run from its options to its result.
class GenerateJob {
 public:
  GenerateJob(CommandLine& line, std::vector<std::string> const& words, comm::Communicator const& comm)
      : line_(line), words_(words), comm_(comm), out_(line.text("out")) {}

  int run() {
    set_up();
    config_ = line_.effective_config(execution_option_names());
    comm::agree(comm_, [&] { identity_ = generate_identity(config_, *setup_); });
    if (line_.flag("dry-run")) return dry_run();
    bool const complete = is_complete(line_, comm_, [&](io::H5File const& result) {
      check_result(result, "generate", config_, setup_->networks(), &setup_->seeds(), "/finding_data");
    });
    if (complete) return exit_done;
    GenerateCheckpoint checkpoint(comm_, out_, existing(line_), identity_);
    GenerateProgress progress = newest_checkpoint(comm_, out_, identity_, *setup_);
    started(checkpoint.path(), progress.state);
    progress.startup_seconds += since_start_.seconds();
    StopReason const reason = work(checkpoint, progress);
    if (reason != StopReason::none) {
      stopped(reason, checkpoint, progress.state);
      return exit_stopped;
    }
    assemble(checkpoint, progress);
    report(progress);
    return exit_done;
  }

 private:
  void set_up() {
    std::optional<generate::Config> config;
    generate::Networks networks;
    comm::agree(comm_, [&] {
      apply_log_level(line_, comm_);
      config = generate_config(line_);
      threads_ = static_cast<int>(line_.integer_in("threads", 1, 1024));
      checkpoints_ = checkpoint_options(line_);
      if (!line_.flag("dry-run")) {
        check_place(line_);
        if (line_.given("summary")) check_folder("--summary", line_.text("summary"));
        set_time_limit(checkpoints_.time_limit);
      }
      networks = read_networks(line_, line_.flag("regression"));
    });
    std::int64_t const most = std::max<std::int64_t>(64, config->round / 4);  // rounds of several, to share
    config->batch = settle_batch(line_, networks, {.gradient = true, .most = most}, comm_);
    Data data = open_data(line_, "seeds", comm_);
    if (comm_.is_root()) warn_about_scale(line_, *data.records);
    // Ranks of unequal instruction sets would compute different bits.
    cap_isa(static_cast<CpuIsa>(comm::allreduce(comm_, comm::Reduction::min, static_cast<std::int32_t>(usable_isa()))));
    comm::agree(comm_, [&] {
      setup_ = std::make_unique<generate::Setup>(*config, networks, data.records, data.preprocess.model,
                                                 backend_maker(line_));
    });
    std::vector<std::string> backends;
    for (std::size_t k = 0; k < networks.size(); ++k) backends.push_back(setup_->backend(k)->name());
    check_same_backends(backends, comm_);
    for (auto const& network : networks) units_.push_back(network->units());
    warn_about_rounds();
  }

  void warn_about_rounds() const {
    std::int64_t const workers = std::int64_t{comm_.size()} * threads_;
    std::int64_t const batches = setup_->config().round / setup_->config().batch;
    if (comm_.is_root() && batches < 4 * workers && workers > 1) {
      SONDE_LOG(warning, "a round has " << batches << " micro-batches for " << workers
                                        << " workers (some will be idle at its end). Raise --round or lower --batch.");
    }
  }

  int dry_run() {
    std::string path;
    std::int64_t done = 0;
    if (checkpoints_.resume) {
      path = newest_segment_of_root(comm_, out_);
      done = newest_checkpoint(comm_, out_, identity_, *setup_).state.totals.seeds;
    }
    predict_generate(*setup_, comm_, threads_, path, done);
    return exit_done;
  }

  void started(std::string const& resumed_from, generate::RunState const& state) {
    generate::Schedule const schedule(setup_->config(), setup_->seeds().size());
    comm::agree(comm_, [&] {
      watch_ =
          std::make_unique<GenerateWatch>(checkpoints_, comm_.is_root(), units_, schedule.total(), state.totals.seeds);
    });
    if (!comm_.is_root()) return;
    if (!resumed_from.empty()) {
      SONDE_LOG(info, "going on from " << resumed_from << ", which holds " << state.totals.seeds << " of "
                                       << watch_->total() << " seeds");
    } else if (checkpoints_.resume) {
      SONDE_LOG(info, "there is no checkpoint of " << out_ << ": the run begins");
    }
    EventLog::Fields fields{{"command", "generate"}, {"version", version()},   {"out", out_},
                            {"ranks", comm_.size()}, {"threads", threads_},    {"seeds", state.totals.seeds},
                            {"of", watch_->total()}, {"resumed_from", nullptr}};
    if (!resumed_from.empty()) fields["resumed_from"] = resumed_from;
    for (auto const& network : setup_->networks()) fields["models"].push_back(network->file().path);
    watch_->event("start", fields);
  }

  /// Works until the run is complete, or stopped: returns why.
  StopReason work(GenerateCheckpoint& checkpoint, GenerateProgress& progress) {
    Timer timer;
    double const seconds_before = progress.seconds;
    generate::RunEvents events;
    events.progress = [&](std::int64_t done) { watch_->progress(done); };
    events.round_done = [&](generate::RoundReport const& report) { watch_->round_done(report); };
    events.checkpoint = [&](generate::Harvest const& rows, generate::RunState const& state) {
      Timer writing;
      progress.seconds = seconds_before + timer.seconds();
      checkpoint.write(*setup_, rows, state, progress.seconds, progress.startup_seconds);
      watch_->event("checkpoint",
                    {{"file", checkpoint.path()}, {"seeds", state.totals.seeds}, {"seconds", writing.seconds()}});
    };
    events.leave = [&](StopReason reason, generate::RunState const& state) {
      watch_->close();
      stopped(reason, checkpoint, state);
      std::cout << std::flush;
      comm::end_run(exit_stopped);
    };
    generate::RunOptions const options{threads_, checkpoints_.every};
    generate::RunResult result = generate::run(*setup_, comm_, options, events, std::move(progress.state));
    watch_->close();
    progress.state = std::move(result.state);
    return result.stopped;
  }

  void stopped(StopReason reason, GenerateCheckpoint const& checkpoint, generate::RunState const& state) {
    watch_->event("stopped", {{"reason", to_string(reason)},
                              {"file", checkpoint.path()},
                              {"seeds", state.totals.seeds},
                              {"of", watch_->total()}});
    if (!comm_.is_root()) return;
    std::cout << "stopped on " << to_string(reason) << " after " << state.totals.seeds << " of " << watch_->total()
              << " seeds. " << checkpoint.path()
              << " has what is needed to go on: give the same command with --resume, on any "
              << "number of ranks and threads.\n";
  }

  void assemble(GenerateCheckpoint& checkpoint, GenerateProgress const& progress) {
    checkpoint.assemble([&](io::H5File& file) {
      io::Provenance const provenance{config_,        command_text(words_), version(), git_commit(),
                                      io::iso_time(), comm_.size(),         threads_};
      generate::write_facts(file, *setup_, progress.state, provenance);
      generate::write_timing(file, progress.seconds, progress.startup_seconds, progress.state.totals);
    });
  }

  void report(GenerateProgress const& progress) {
    if (!comm_.is_root()) return;
    GenerateSummary summary;
    summary.totals = progress.state.totals;
    for (auto const& network : setup_->networks()) summary.models.push_back(network->file().path);
    summary.covered = progress.state.history.back().covered;
    summary.units = units_;
    summary.seconds = progress.seconds;
    summary.ranks = comm_.size();
    summary.threads = threads_;
    summary.coverage_reached = progress.state.coverage_reached;
    summary.out = out_;
    EventLog::Fields fields =
        watch_->fields(progress.state.history.back(), static_cast<double>(summary.totals.seeds) / summary.seconds);
    fields["out"] = out_;
    fields["seconds"] = summary.seconds;
    watch_->event("done", fields);
    std::cout << summary_text(summary);
    if (!line_.given("summary")) return;
    std::ofstream file(line_.text("summary"));
    file << summary_json(summary) << std::flush;
    if (!file)
      SONDE_FAIL_AS(Error, "--summary " << line_.text("summary") << ": " << std::strerror(errno)
                                        << " (it was not written; the results are complete). Check the path.");
  }

  CommandLine& line_;
  std::vector<std::string> const& words_;
  comm::Communicator const& comm_;
  std::string const out_;
  Timer since_start_;
  int threads_ = 1;
  CheckpointOptions checkpoints_;
  std::unique_ptr<generate::Setup> setup_;
  std::string config_;  // the options that decide the result
  RunIdentity identity_;
  std::vector<std::int64_t> units_;  // per model
  std::unique_ptr<GenerateWatch> watch_;
};

}  // namespace

int run_generate(std::vector<std::string> const& words, comm::Communicator const& comm) {
  CommandLine line = make_generate_line();
  auto parsed = CommandLine::Result::run;
  comm::agree(comm, [&] { parsed = line.parse(words, comm.is_root()); });
  if (parsed != CommandLine::Result::run) return exit_done;
  open_isolated(line, comm);
  return GenerateJob(line, words, comm).run();
}

}  // namespace sonde::app
