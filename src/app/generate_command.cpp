#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "app/checkpoint_options.hpp"
#include "app/command.hpp"
#include "app/common_options.hpp"
#include "app/events.hpp"
#include "app/generate_checkpoint.hpp"
#include "app/generate_dry_run.hpp"
#include "app/generate_options.hpp"
#include "app/generate_summary.hpp"
#include "app/isolate.hpp"
#include "app/progress.hpp"
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

constexpr double event_interval = 10;  // seconds between two about progress

std::string command_text(std::vector<std::string> const& words) {
  std::string text = "sonde generate";
  for (std::string const& word : words) text += ' ' + word;
  return text;
}

/// One generate run from its options to its result.
class GenerateJob {
 public:
  GenerateJob(CommandLine const& line, std::vector<std::string> const& words, comm::Communicator const& comm)
      : line_(line), words_(words), comm_(comm), out_(line.text("out")) {}

  int run() {
    set_up();
    config_ = line_.effective_config(execution_option_names());
    comm::agree(comm_, [&] { identity_ = generate_identity(config_, *setup_); });
    if (line_.flag("dry-run")) return dry_run();
    if (is_complete()) return exit_done;
    GenerateCheckpoint checkpoint(comm_, out_, existing(), identity_);
    GenerateProgress progress = newest_checkpoint(comm_, out_, identity_, *setup_);
    started(checkpoint.path(), progress.state);
    progress.startup_seconds += since_start_.seconds();
    std::string const reason = work(checkpoint, progress);
    if (!reason.empty()) {
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
      configure_log(log_level(line_.text("log-level")), comm_.rank(), comm_.size());
      config = generate_config(line_);
      threads_ = static_cast<int>(line_.integer_in("threads", 1, 1024));
      checkpoints_ = checkpoint_options(line_);
      if (!line_.flag("dry-run")) {
        check_place();
        if (line_.given("summary")) check_folder("--summary", line_.text("summary"));
        watch_stop_signals();
        set_time_limit(checkpoints_.time_limit);
      }
      networks = read_networks(line_, line_.flag("regression"));
    });
    Data data = open_data(line_, "seeds", comm_);
    if (comm_.is_root()) warn_about_scale(line_, *data.records);
    // Ranks of unequal instruction sets would compute different bits.
    cap_isa(static_cast<CpuIsa>(comm::allreduce(comm_, comm::Reduction::min, static_cast<std::int32_t>(usable_isa()))));
    comm::agree(comm_, [&] {
      setup_ = std::make_unique<generate::Setup>(*config, networks, data.records, data.preprocess.model,
                                                 backend_maker(line_));
    });
    for (auto const& network : networks) units_.push_back(network->units());
    warn_about_rounds();
  }

  /// Where results go. An OUT that exists is for is_complete() to judge when the run is resumed.
  void check_place() const {
    if (!checkpoints_.resume) return check_output(line_);
    VALIDATE(!out_.empty(), "--out: no result file is named. Give --out F.h5.");
    check_folder("--out", out_);
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

  io::Existing existing() const {
    if (checkpoints_.resume) return io::Existing::resume;
    return line_.flag("overwrite") ? io::Existing::overwrite : io::Existing::refuse;
  }

  /// Whether an earlier run has finished what --resume is to go on with: a job that is started once more succeeds. An
  /// OUT beside segments is an older result that the run is to replace.
  bool is_complete() {
    std::int32_t complete = 0;
    comm::agree(comm_, [&] {
      if (!comm_.is_root()) return;
      complete = checkpoints_.resume && std::filesystem::exists(out_) && !io::newest_segment(out_);
      if (complete) check_complete(out_, config_, *setup_);
    });
    comm::broadcast(comm_, std::span(&complete, 1));
    if (complete && comm_.is_root()) std::cout << out_ << " is complete already: nothing is left to be done\n";
    return complete != 0;
  }

  void started(std::string const& resumed_from, generate::RunState const& state) {
    comm::agree(comm_, [&] {
      if (!comm_.is_root() || checkpoints_.events.empty()) return;
      events_ = std::make_unique<EventLog>(checkpoints_.events, checkpoints_.resume);
    });
    generate::Schedule const schedule(setup_->config(), setup_->seeds().size());
    total_ = schedule.total();
    if (!comm_.is_root()) return;
    if (!resumed_from.empty()) {
      SONDE_LOG(info, "going on from " << resumed_from << ", which holds " << state.totals.seeds << " of " << total_
                                       << " seeds");
    } else if (checkpoints_.resume) {
      SONDE_LOG(info, "there is no checkpoint of " << out_ << ": the run begins");
    }
    EventLog::Fields fields{{"command", "generate"}, {"version", version()},   {"out", out_},
                            {"ranks", comm_.size()}, {"threads", threads_},    {"seeds", state.totals.seeds},
                            {"of", total_},          {"resumed_from", nullptr}};
    if (!resumed_from.empty()) fields["resumed_from"] = resumed_from;
    for (auto const& network : setup_->networks()) fields["models"].push_back(network->file().path);
    event("start", fields);
  }

  void event(std::string const& name, EventLog::Fields const& fields) {
    if (events_) events_->write(name, fields);
  }

  /// Works until the run is complete, or stopped: returns by what.
  std::string work(GenerateCheckpoint& checkpoint, GenerateProgress& progress) {
    Timer timer, since_event;
    double const seconds_before = progress.seconds;
    std::int64_t const seeds_before = progress.state.totals.seeds;
    Progress line(total_, "seeds", comm_.is_root(), seeds_before);
    generate::RunEvents events;
    auto const rate = [&](std::int64_t seeds) { return static_cast<double>(seeds - seeds_before) / timer.seconds(); };
    events.progress = [&](std::int64_t done) {
      line.update(done);
      if (since_event.seconds() < event_interval) return;
      since_event.restart();
      event("progress", {{"seeds", done}, {"of", total_}, {"seeds_per_s", rate(done)}});
    };
    events.round_done = [&](generate::RoundReport const& report) {
      line.note(round_text(report, units_));
      line.update(report.totals.seeds);
      event("round", round_fields(report, rate(report.totals.seeds)));
    };
    events.checkpoint = [&](generate::Harvest const& rows, generate::RunState const& state) {
      Timer writing;
      progress.seconds = seconds_before + timer.seconds();
      checkpoint.write(*setup_, rows, state, progress.seconds, progress.startup_seconds);
      event("checkpoint", {{"file", checkpoint.path()}, {"seeds", state.totals.seeds}, {"seconds", writing.seconds()}});
    };
    events.leave = [&](std::string const& reason, generate::RunState const& state) {
      line.close();
      stopped(reason, checkpoint, state);
      std::cout << std::flush;
      comm::end_run(exit_stopped);
    };
    generate::RunOptions const options{threads_, checkpoints_.every};
    generate::RunResult result = generate::run(*setup_, comm_, options, events, std::move(progress.state));
    line.close();
    progress.state = std::move(result.state);
    return result.stopped;
  }

  EventLog::Fields round_fields(generate::RoundReport const& report, double seeds_per_second) const {
    generate::Totals const& totals = report.totals;
    EventLog::Fields fields{{"round", report.round},
                            {"pass", report.pass},
                            {"seeds", totals.seeds},
                            {"of", total_},
                            {"findings", totals.already_differed + totals.generated},
                            {"generated", totals.generated},
                            {"exhausted", totals.exhausted},
                            {"seeds_per_s", seeds_per_second}};
    for (std::size_t k = 0; k < units_.size(); ++k) {
      fields["covered"].push_back(report.covered[k]);
      fields["coverage"].push_back(static_cast<double>(report.covered[k]) / static_cast<double>(units_[k]));
    }
    return fields;
  }

  void stopped(std::string const& reason, GenerateCheckpoint const& checkpoint, generate::RunState const& state) {
    event("stopped", {{"reason", reason}, {"file", checkpoint.path()}, {"seeds", state.totals.seeds}, {"of", total_}});
    if (!comm_.is_root()) return;
    std::cout << "stopped on " << reason << " after " << state.totals.seeds << " of " << total_ << " seeds. "
              << checkpoint.path() << " has what is needed to go on: give the same command with --resume, on any "
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
    EventLog::Fields fields = round_fields(progress.state.history.back(), 0);
    fields["seeds_per_s"] = static_cast<double>(summary.totals.seeds) / summary.seconds;
    fields["out"] = out_;
    fields["seconds"] = summary.seconds;
    event("done", fields);
    std::cout << summary_text(summary);
    if (!line_.given("summary")) return;
    std::ofstream file(line_.text("summary"));
    file << summary_json(summary) << std::flush;
    if (!file)
      SONDE_FAIL_AS(Error, "--summary " << line_.text("summary") << ": " << std::strerror(errno)
                                        << " (it was not written; the results are complete). Check the path.");
  }

  CommandLine const& line_;
  std::vector<std::string> const& words_;
  comm::Communicator const& comm_;
  std::string const out_;
  Timer since_start_;
  int threads_ = 1;
  CheckpointOptions checkpoints_;
  std::unique_ptr<EventLog> events_;  // of rank 0, when asked for
  std::unique_ptr<generate::Setup> setup_;
  std::string config_;  // the options that decide the result
  RunIdentity identity_;
  std::vector<std::int64_t> units_;  // per model
  std::int64_t total_ = 0;           // seeds of all passes
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
