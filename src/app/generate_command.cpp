#include <cstring>
#include <fstream>
#include <iostream>

#include "app/checkpoint_options.hpp"
#include "app/command.hpp"
#include "app/common_options.hpp"
#include "app/generate_options.hpp"
#include "app/generate_summary.hpp"
#include "app/isolate.hpp"
#include "app/progress.hpp"
#include "app/version.hpp"
#include "base/check.hpp"
#include "base/cpu_isa.hpp"
#include "base/log.hpp"
#include "base/timer.hpp"
#include "comm/agree.hpp"
#include "comm/collectives.hpp"
#include "generate/ladder.hpp"
#include "generate/results.hpp"
#include "io/provenance.hpp"

namespace sonde::app {
namespace {

/// Rows held in memory before a segment is written early, per rank.
constexpr std::size_t largest_backlog = std::size_t{256} << 20;

std::string command_text(std::vector<std::string> const& words) {
  std::string text = "sonde generate";
  for (std::string const& word : words) text += ' ' + word;
  return text;
}

std::size_t bytes_of(generate::Outcome const& outcome) {
  std::size_t total = 0;
  for (generate::Finding const& finding : outcome.findings)
    total += (finding.input.size() + finding.seed.size()) * sizeof(float);
  return total + outcome.seeds.size() * sizeof(generate::SeedRecord);
}

std::string gigabytes(double bytes) {
  std::ostringstream text;
  text.precision(3);
  text << bytes / 1e9 << " GB";
  return text.str();
}

/// One generate run from its options to its result.
class GenerateJob {
 public:
  GenerateJob(CommandLine const& line, std::vector<std::string> const& words, comm::Communicator const& comm)
      : line_(line), words_(words), comm_(comm) {}

  int run() {
    set_up();
    if (line_.flag("dry-run")) return dry_run();
    execute();
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
        check_output(line_);
        if (line_.given("summary")) check_folder("--summary", line_.text("summary"));
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

  void warn_about_rounds() const {
    std::int64_t const workers = std::int64_t{comm_.size()} * threads_;
    std::int64_t const batches = setup_->config().round / setup_->config().batch;
    if (comm_.is_root() && batches < 4 * workers && workers > 1) {
      SONDE_LOG(warning, "a round has " << batches << " micro-batches for " << workers
                                        << " workers (some will be idle at its end). Raise --round or lower --batch.");
    }
  }

  int dry_run() {
    Timer timer;
    generate::Ascent ascent(*setup_);
    generate::Schedule schedule(setup_->config(), setup_->seeds().size());
    generate::MicroBatch probe = schedule.next().batches.front();
    generate::Outcome outcome;
    outcome.coverage = generate::empty_coverage(*setup_);
    double const planning = timer.seconds();
    timer.restart();
    comm::agree(comm_, [&] {
      ascent.run(
          probe, generate::uncovered_units(*setup_, outcome.coverage), [] { return true; }, outcome);
    });
    double const per_seed = timer.seconds() / static_cast<double>(probe.seeds.size());
    if (!comm_.is_root()) return exit_done;
    auto const total = static_cast<double>(schedule.total());
    double const workers = static_cast<double>(comm_.size()) * threads_;
    double const share = static_cast<double>(outcome.findings.size()) / static_cast<double>(probe.seeds.size());
    auto const features = static_cast<double>(setup_->domain().features());
    double const finding_bytes = features * static_cast<double>(io::size_of(setup_->domain().stored_type()) +
                                                                io::size_of(setup_->domain().seed_type())) +
                                 128;
    std::cout << "models\n";
    for (auto const& network : setup_->networks()) {
      std::cout << "  " << network->file().path << ": input " << network->shown_input_shape() << ", "
                << network->outputs() << " " << nn::to_string(network->task()) << " output(s), " << network->units()
                << " neurons\n";
    }
    std::cout << "seeds    " << setup_->seeds().path() << ": " << setup_->seeds().size() << " of "
              << to_string(setup_->seeds().sample_shape()) << ", " << schedule.total() << " to be worked on\n"
              << "step     " << setup_->step() << " of the stored range\n"
              << "memory   " << gigabytes(static_cast<double>(ascent.bytes()) * threads_)
              << " of activations in each rank (" << threads_ << " worker(s))\n"
              << "disk     about " << gigabytes(2 * share * total * finding_bytes)
              << " while running, half of it at the end\n"
              << "time     about " << duration_text(planning + per_seed * total / workers) << " on " << workers
              << " worker(s), by one micro-batch of " << probe.seeds.size() << " seeds\n";
    return exit_done;
  }

  void execute() {
    io::SegmentWriter segments(comm_, line_.text("out"),
                               line_.flag("overwrite") ? io::Existing::overwrite : io::Existing::refuse);
    double const startup = since_start_.seconds();
    Timer timer, checkpoint;
    generate::Schedule const schedule(setup_->config(), setup_->seeds().size());
    Progress progress(schedule.total(), "seeds", comm_.is_root());
    generate::Outcome pending;
    DistanceSums distances;
    generate::RunEvents events;
    events.progress = [&](std::int64_t done) { progress.update(done); };
    events.round_done = [&](generate::Outcome& outcome, generate::RoundReport const& report) {
      distances.add(outcome);
      std::ranges::move(outcome.findings, std::back_inserter(pending.findings));
      pending.seeds.insert(pending.seeds.end(), outcome.seeds.begin(), outcome.seeds.end());
      progress.note(round_text(report, units_));
      progress.update(report.totals.seeds);
      bool const due = checkpoint.seconds() > checkpoints_.every || bytes_of(pending) > largest_backlog;
      if (comm::allreduce(comm_, comm::Reduction::logical_or, static_cast<std::int32_t>(due))) {
        segments.write(generate::result_tables(*setup_, pending));
        pending = {};
        checkpoint.restart();
      }
    };
    generate::RunResult const result = generate::run(*setup_, comm_, threads_, events);
    double const seconds = timer.seconds();
    progress.close();
    segments.write(generate::result_tables(*setup_, pending));
    segments.assemble(generate::result_order(), [&](io::H5File& file) {
      io::Provenance const provenance{line_.effective_config(execution_option_names()),
                                      command_text(words_),
                                      version(),
                                      git_commit(),
                                      io::iso_time(),
                                      comm_.size(),
                                      threads_};
      generate::write_facts(file, *setup_, result, provenance);
      generate::write_timing(file, seconds, startup, result.history.back().totals);
    });
    report(result, distances, seconds);
  }

  void report(generate::RunResult const& result, DistanceSums distances, double seconds) {
    std::array<double, 3> sums{distances.l1, distances.l2, distances.linf};
    comm::allreduce(comm_, comm::Reduction::sum, std::span<double>(sums));
    if (!comm_.is_root()) return;
    GenerateSummary summary;
    summary.totals = result.history.back().totals;
    auto const found = static_cast<double>(std::max<std::int64_t>(summary.totals.generated, 1));
    summary.mean_l1 = sums[0] / found;
    summary.mean_l2 = sums[1] / found;
    summary.mean_linf = sums[2] / found;
    for (auto const& network : setup_->networks()) summary.models.push_back(network->file().path);
    summary.covered = result.history.back().covered;
    summary.units = units_;
    summary.seconds = seconds;
    summary.ranks = comm_.size();
    summary.threads = threads_;
    summary.coverage_reached = result.coverage_reached;
    summary.out = line_.text("out");
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
  Timer since_start_;
  int threads_ = 1;
  CheckpointOptions checkpoints_;
  std::unique_ptr<generate::Setup> setup_;
  std::vector<std::int64_t> units_;
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
