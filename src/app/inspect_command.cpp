// sonde inspect: affinity of units and hypotheses.
#include <cstdio>
#include <filesystem>
#include <iostream>

#include "app/checkpoint_options.hpp"
#include "app/command.hpp"
#include "app/common_options.hpp"
#include "app/inspect_checkpoint.hpp"
#include "app/inspect_options.hpp"
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

/// Options that do not decide the result, and are left out of its /config.
std::vector<std::string> execution_options() {
  std::vector<std::string> names = execution_option_names();
  names.insert(names.end(), {"cache", "top"});
  return names;
}

class InspectJob {
 public:
  InspectJob(CommandLine const& line, std::vector<std::string> const& words, comm::Communicator const& comm)
      : line_(line), words_(words), comm_(comm), out_(line.text("out")) {}

  int run() {
    set_up();
    if (line_.flag("dry-run")) return dry_run();
    if (is_complete()) return exit_done;
    auto const existing = options_.resume           ? io::Existing::resume
                          : line_.flag("overwrite") ? io::Existing::overwrite
                                                    : io::Existing::refuse;
    InspectCheckpoint checkpoint(comm_, out_, existing, identity());
    std::unique_ptr<inspect::StateReader> const state = find(checkpoint);
    start_watch(state.get());
    Timer timer;
    inspect::Result const result = inspect(checkpoint);
    double const seconds = timer.seconds();
    watch_->close();
    for (inspect::HypothesisCache* cache : caches_) cache->save();
    if (result.stopped_by) return stopped(result, checkpoint);
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
      config_ = inspect_config(line_);
      VALIDATE(line_.given("hypothesis"),
               "--hypothesis: none is given (units are scored against hypotheses). Give e.g. --hypothesis "
               "'digit=class:digit'; --help lists the kinds.");
      VALIDATE(line_.given("model") != line_.given("behaviors"),
               "--model, --behaviors: give one of them: models to run, or behaviours that were stored.");
      if (!line_.flag("dry-run")) check_out();
    });
    watch_stop_signals();
    set_time_limit(options_.time_limit);
    cap_isa(static_cast<CpuIsa>(comm::allreduce(comm_, comm::Reduction::min, static_cast<std::int32_t>(usable_isa()))));
    if (line_.given("data") || line_.given("model")) data_ = open_data(line_, "data", comm_);
    facts_.data = data_.records.get();
    facts_.text = data_.text.get();
    facts_.steps = &data_.preprocess.steps;
    facts_.python_timeout = line_.number("hypothesis-timeout");
    if (line_.given("behaviors")) {
      open_behaviors();
    } else {
      open_models();
    }
    make_hypotheses();
    comm::agree(comm_, [&] {
      std::int64_t const block = block_records(line_, config_, facts_.records, facts_.symbols);
      config_.order.block = block - block % batch_;  // every batch is run at full size, the last one of a block, too
    });
    inspection_ = std::make_unique<inspect::Inspection>(config_, *units_, *hypotheses_, facts_, comm_);
  }

  /// Where results go. An OUT that exists is for is_complete() to judge when the run is resumed.
  void check_out() const {
    if (!options_.resume) return check_output(line_);
    VALIDATE(!out_.empty(), "--out: no result file is named. Give --out F.h5.");
    check_folder("--out", out_);
  }

  /// Whether an earlier run has finished what --resume is to go on with: a job that is started once more succeeds. An
  /// OUT beside a checkpoint is an older result that the run is to replace.
  bool is_complete() const {
    std::int32_t complete = 0;
    comm::agree(comm_, [&] {
      if (!comm_.is_root()) return;
      complete = options_.resume && std::filesystem::exists(out_) && !io::newest_segment(out_) ? 1 : 0;
      if (complete) check_complete_inspection(out_, line_.effective_config(execution_options()), networks_, data_);
    });
    comm::broadcast(comm_, std::span(&complete, 1));
    if (complete && comm_.is_root()) std::cout << out_ << " is complete already: nothing is left to be done\n";
    return complete != 0;
  }

  /// What decides the scores.
  RunIdentity identity() const {
    RunIdentity identity;
    identity.add("version", version());
    std::vector<std::string> without = execution_options();
    without.push_back("hypothesis-timeout");
    identity.add_options(line_.effective_config(without));
    identity.add("backend", join(units_->backends()));
    for (std::size_t k = 0; k < networks_.size(); ++k)
      identity.add("model " + std::to_string(k) + " (sha256)", networks_[k]->file().sha256);
    if (data_.records) identity.add("data (sha256)", data_.records->sha256());
    if (behaviors_) identity.add("behaviors (sha256)", behaviors_->sha256());
    for (std::size_t i = 0; i < fingerprints_.size(); ++i)
      identity.add("hypothesis " + std::to_string(i) + " (sha256 of what it is made of)", fingerprints_[i]);
    return identity;
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
      std::int64_t const total = units_->records() * passes;
      std::int64_t const before = state ? state->whole<std::int64_t>("status/records", 1).front() : 0;
      watch_ = std::make_unique<InspectWatch>(options_, comm_.is_root(),
                                              passes == 1 ? "records" : "records in all passes", total, before);
      EventLog::Fields fields{{"command", "inspect"},
                              {"version", version()},
                              {"out", out_},
                              {"ranks", comm_.size()},
                              {"threads", config_.threads},
                              {"units", units_->units().size()},
                              {"hypotheses", hypotheses_->size()},
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
      for (inspect::HypothesisCache* cache : caches_) cache->save();
      checkpoint.write(state);
      watch_->event("checkpoint",
                    {{"file", checkpoint.path()}, {"records", watch_->records()}, {"seconds", timer.seconds()}});
    };
    return inspection_->run(hooks);
  }

  int stopped(inspect::Result const& result, InspectCheckpoint const& checkpoint) {
    watch_->event("stopped", {{"reason", result.stopped_by},
                              {"file", checkpoint.path()},
                              {"records", watch_->records()},
                              {"of", watch_->total()}});
    if (comm_.is_root())
      std::cout << "stopped on " << result.stopped_by << " after " << watch_->records() << " of " << watch_->total()
                << " records in all passes. " << checkpoint.path()
                << " has what is needed to go on: give the same command with --resume, on any number of ranks and "
                   "threads.\n";
    return exit_stopped;
  }

  void open_behaviors() {
    std::shared_ptr<io::Dataset const> const table = io::open_dataset(line_.text("behaviors"), {}, comm_);
    behaviors_ = table;
    comm::agree(comm_, [&] {
      facts_.symbols = facts_.text ? facts_.text->symbols() : line_.integer_in("symbols", 1, std::int64_t{1} << 32);
      std::int64_t const stored = inspect::stored_symbols(*table);
      if (!facts_.text && stored > 0) facts_.symbols = stored;
      units_ = inspect::make_stored_units(table, facts_.symbols);
      facts_.records = units_->records();
      VALIDATE(!data_.records || data_.records->size() == facts_.records,
               "--behaviors " << table->path() << ": it holds " << facts_.records << " record(s) of " << facts_.symbols
                              << " row(s) but data " << data_.records->path() << " hold " << data_.records->size()
                              << " (row by row they belong together). Give the data they were made from.");
    });
  }

  void open_models() {
    comm::agree(comm_, [&] {
      networks_ = read_networks(line_, line_.flag("regression"), data_.sequence_length());
      check_vocabulary(networks_, data_);
      if (comm_.is_root() && !facts_.text) warn_about_scale(line_, *data_.records);
      inspect::ModelUnitsOptions options;
      options.units = line_.texts("units");
      options.reduce = line_.choice<nn::Reduce>(
          "reduce", {{"mean", nn::Reduce::mean}, {"max", nn::Reduce::max}, {"scaled", nn::Reduce::scaled}});
      choose_form(options);
      facts_.records = data_.records->size();
      facts_.symbols = options.symbols;
      std::int64_t const given = line_.integer_in("batch", 0, 1 << 20);
      std::int64_t const usual = options.form == inspect::RowForm::steps ? 128 : 32;
      batch_ = std::min(block_records(line_, config_, facts_.records, facts_.symbols), given > 0 ? given : usual);
      options.scan.make_backend = backend_maker(line_);
      options.scan.threads = config_.threads;
      options.scan.batch = batch_;
      units_ = inspect::make_model_units(networks_, data_.records, data_.preprocess.model, options);
    });
  }

  void choose_form(inspect::ModelUnitsOptions& options) const {
    std::int64_t const mask = inspect::mask_size(line_.texts("hypothesis"));
    if (mask > 0) {
      options.form = inspect::RowForm::pixels;
      options.size = mask;
      options.symbols = mask * mask;
    } else if (facts_.text) {
      options.form = inspect::RowForm::steps;
      options.symbols = facts_.text->symbols();
    } else if (std::int64_t const steps = series_steps(options.units.front()); steps > 0) {
      options.form = inspect::RowForm::steps;
      options.symbols = steps;
    }
  }

  /// Steps of the layers of a model that reads series of numbers; 0 when the units have no steps.
  std::int64_t series_steps(std::string const& units) const {
    nn::Network const& network = *networks_.front();
    if (units == "*") {
      for (nn::Layer const& layer : network.layers()) {
        if (layer.shape.size() == 2) return layer.shape.front();
      }
      return 0;
    }
    Shape const shape = nn::Behaviors(network, {units}, nn::Reduce::map).row_shape();
    return shape.size() == 2 ? shape.front() : 0;
  }

  void make_hypotheses() {
    comm::agree(comm_, [&] {
      std::vector<std::unique_ptr<inspect::Hypothesis>> all;
      std::string const key = line_.given("cache") ? inspect::data_key(facts_, data_options()) : "";
      for (std::string const& text : line_.texts("hypothesis")) {
        all.push_back(inspect::make_hypothesis(text, facts_));
        fingerprints_.push_back(all.back()->fingerprint());
        if (key.empty() || !all.back()->costly()) continue;
        auto cached =
            std::make_unique<inspect::HypothesisCache>(std::move(all.back()), line_.text("cache"), key, facts_);
        caches_.push_back(cached.get());
        all.back() = std::move(cached);
      }
      hypotheses_ = std::make_unique<inspect::HypothesisSet>(std::move(all), line_.texts("hypothesis"));
    });
  }

  /// What decides how the data are read, beside their content.
  std::string data_options() const {
    std::vector<std::string> names = execution_options();
    names.insert(
        names.end(),
        {"data",    "vocab",  "model",    "lambda", "regression", "units",     "behaviors",         "hypothesis",
         "measure", "reduce", "holdout",  "group",  "no-control", "epsilon",   "confidence",        "block",
         "batch",   "order",  "rng-seed", "memory", "backend",    "precision", "hypothesis-timeout"});
    return line_.effective_config(names);
  }

  int dry_run() const {
    if (!comm_.is_root()) return exit_done;
    std::cout << "units      " << units_->units().size() << " of " << units_->origin() << '\n'
              << "hypotheses " << hypotheses_->size() << '\n'
              << "records    " << facts_.records << " of " << facts_.symbols << " row(s); " << inspection_->total_rows()
              << " rows without padding, in " << inspection_->order().blocks() << " blocks\n"
              << "memory     " << static_cast<double>(units_->bytes()) / 1e9 << " GB of activations and "
              << static_cast<double>(inspection_->bytes()) / 1e9 << " GB of sums and blocks in each rank\n"
              << "passes     " << inspection_->tiles() * (inspection_->order_pass() ? 2 : 1)
              << (inspection_->order_pass() ? " (ranks and quantiles need all rows once before)" : "") << '\n';
    return exit_done;
  }

  void write(inspect::Result const& result, inspect::QValues const& q, double seconds) const {
    io::ParallelFile file(comm_, io::unfinished_name(out_));
    std::string created = io::iso_time();
    comm::broadcast(comm_, created);
    io::write_provenance(file.file(), "sonde-inspect", join(units_->backends()),
                         {line_.effective_config(execution_options()), "sonde inspect " + join(words_, " "), version(),
                          git_commit(), created, comm_.size(), config_.threads});
    for (std::size_t k = 0; k < networks_.size(); ++k)
      nn::write_model(file.file(), k, *networks_[k], units_->backends()[k]);
    if (data_.records) io::write_data_facts(file.file(), *data_.records);
    inspect::write_results(file, result, q, *units_, *hypotheses_, config_);
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
    std::string const summary = inspect_summary(result, q, *units_, *hypotheses_,
                                                static_cast<std::size_t>(line_.integer_in("top", 0, 1 << 20)), comm_);
    if (!comm_.is_root()) return;
    std::cout << units_->units().size() << " units, " << hypotheses_->size() << " hypotheses, " << result.rows << " of "
              << result.total_rows << " rows (" << result.records << " records) in " << duration_text(seconds) << ", "
              << static_cast<std::int64_t>(static_cast<double>(result.rows) / seconds) << " rows/s"
              << (result.stopped_early ? "; stopped early: every score is known to the bound asked for" : "") << '\n'
              << summary << "results in " << out_ << '\n';
  }

  CommandLine const& line_;
  std::vector<std::string> const& words_;
  comm::Communicator const& comm_;
  std::string const out_;
  CheckpointOptions options_;
  inspect::Config config_;
  nn::Scan::Networks networks_;
  std::int64_t batch_ = 1;  // records run through the models at once
  Data data_;
  inspect::DataFacts facts_;
  std::shared_ptr<io::Dataset const> behaviors_;  // null when models are run
  std::unique_ptr<inspect::UnitSource> units_;
  std::unique_ptr<inspect::HypothesisSet> hypotheses_;
  std::vector<std::string> fingerprints_;          // of them
  std::vector<inspect::HypothesisCache*> caches_;  // among them
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
