#include "app/inspect_setup.hpp"

#include <algorithm>

#include "app/batch_option.hpp"
#include "app/checkpoint_options.hpp"
#include "app/inspect_options.hpp"
#include "app/scan_options.hpp"
#include "app/version.hpp"
#include "base/check.hpp"
#include "base/registry.hpp"
#include "comm/agree.hpp"
#include "inspect/hypotheses/mask.hpp"

namespace sonde::app {
namespace {

/// Options that do not decide the result, and are left out of its /config.
std::vector<std::string> execution_options() {
  std::vector<std::string> names = execution_option_names();
  names.insert(names.end(), {"cache", "top"});
  return names;
}

}  // namespace

InspectSetup::InspectSetup(CommandLine& line, comm::Communicator const& comm) : line_(line), comm_(comm) {
  comm::agree(comm_, [&] { config_ = inspect_config(line_); });
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
}

RunIdentity InspectSetup::identity() const {
  RunIdentity identity;
  identity.add("version", version());
  std::vector<std::string> without = execution_options();
  without.push_back("hypothesis-timeout");
  identity.add_options(line_.effective_config(without));
  identity.add("backend", join(units_->backends()));
  identity.add_models(networks_);
  if (data_.records) identity.add_file("data", data_.records->sha256(), data_.records->path());
  if (behaviors_) identity.add_file("behaviors", behaviors_->sha256(), behaviors_->path());
  for (std::size_t i = 0; i < fingerprints_.size(); ++i)
    identity.add("hypothesis " + std::to_string(i) + " (sha256 of what it is made of)", fingerprints_[i]);
  return identity;
}

std::string InspectSetup::effective_config() const { return line_.effective_config(execution_options()); }

void InspectSetup::save_caches() const {
  for (inspect::HypothesisCache* cache : caches_) cache->save();
}

void InspectSetup::open_behaviors() {
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

void InspectSetup::open_models() {
  inspect::ModelUnitsOptions options;
  comm::agree(comm_, [&] {
    networks_ = read_networks(line_, line_.flag("regression"), data_.sequence_length());
    check_vocabulary(networks_, data_);
    if (comm_.is_root() && !facts_.text) warn_about_scale(line_, *data_.records);
    options.units = line_.texts("units");
    options.reduce = line_.choice<nn::Reduce>(
        "reduce", {{"mean", nn::Reduce::mean}, {"max", nn::Reduce::max}, {"scaled", nn::Reduce::scaled}});
    choose_form(options);
    facts_.records = data_.records->size();
    facts_.symbols = options.symbols;
  });
  batch_ = settle_batch(line_, networks_, {.on_cpu = options.form == inspect::RowForm::steps ? 128 : 32}, comm_);
  comm::agree(comm_, [&] {
    batch_ = std::min(block_records(line_, config_, facts_.records, facts_.symbols), batch_);
    options.scan.make_backend = backend_maker(line_);
    options.scan.threads = config_.threads;
    options.scan.batch = batch_;
    units_ = inspect::make_model_units(networks_, data_.records, data_.preprocess.model, options);
  });
  check_same_backends(units_->backends(), comm_);
}

void InspectSetup::choose_form(inspect::ModelUnitsOptions& options) const {
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
std::int64_t InspectSetup::series_steps(std::string const& units) const {
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

void InspectSetup::make_hypotheses() {
  comm::agree(comm_, [&] {
    std::vector<std::unique_ptr<inspect::Hypothesis>> all;
    std::string const key = line_.given("cache") ? inspect::data_key(facts_, data_options()) : "";
    for (std::string const& text : line_.texts("hypothesis")) {
      all.push_back(inspect::make_hypothesis(text, facts_));
      fingerprints_.push_back(all.back()->fingerprint());
      if (key.empty() || !all.back()->costly()) continue;
      auto cached = std::make_unique<inspect::HypothesisCache>(std::move(all.back()), line_.text("cache"), key, facts_);
      caches_.push_back(cached.get());
      all.back() = std::move(cached);
    }
    hypotheses_ = std::make_unique<inspect::HypothesisSet>(std::move(all), line_.texts("hypothesis"));
  });
}

/// What decides how the data are read, beside their content.
std::string InspectSetup::data_options() const {
  std::vector<std::string> names = execution_options();
  names.insert(names.end(),
               {"data",    "vocab",  "model",    "lambda", "regression", "units",     "behaviors",         "hypothesis",
                "measure", "reduce", "holdout",  "group",  "no-control", "epsilon",   "confidence",        "block",
                "batch",   "order",  "rng-seed", "memory", "backend",    "precision", "hypothesis-timeout"});
  return line_.effective_config(names);
}

}  // namespace sonde::app
