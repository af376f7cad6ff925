#include "generate/setup.hpp"

#include <algorithm>
#include <cmath>
#include <ranges>

#include "base/check.hpp"

namespace sonde::generate {

Setup::Setup(Config config, Networks networks, std::shared_ptr<io::Dataset const> seeds,
             io::ModelDomain const& model_domain, backend::BackendMaker const& make_backend)
    : config_(std::move(config)),
      networks_(std::move(networks)),
      seeds_(std::move(seeds)),
      objective_(networks_, config_) {
  check_inputs();
  for (auto const& network : networks_) backends_.push_back(make_backend(network->file()));
  auto const constraint = make_constraint();
  domain_ = std::make_unique<Domain>(seeds_->domain(), seeds_->sample_shape(), config_, constraint->bounds());
  Shape const& sample = seeds_->sample_shape();
  auto const map = io::channel_map(model_domain, domain_->lo(), domain_->lo() + domain_->range(), unit_count(sample));
  map_ = {map.source, map.scale, map.shift};
  // The published programs step in the models' own units, 10 by default.
  double const published = 10 / std::abs(static_cast<double>(map_.scale.front()));
  step_ = config_.step.value_or(config_.mode == Mode::published ? published : constraint->default_step());
  config_.batch = std::min(config_.batch, std::max(seeds_->size(), std::int64_t{16}));
  auto const block = [](auto const& each) { return each->block(); };
  independent_ = std::ranges::min(backends_ | std::views::transform(block)) > 0;
  width_ = independent_ ? std::ranges::max(backends_ | std::views::transform(block)) : config_.batch;
}

void Setup::check_inputs() const {
  nn::Network const& first = *networks_.front();
  for (auto const& network : networks_) {
    VALIDATE(
        network->input_shape() == first.input_shape(),
        "model " << network->file().path << ": input is " << network->shown_input_shape() << " but model "
                 << first.file().path << " takes " << first.shown_input_shape()
                 << " (all models of a run share one input). Give models of the same task, or --preprocess resize=.");
  }
  VALIDATE(first.takes(seeds_->sample_shape()),
           "seeds " << seeds_->path() << ": a sample is " << to_string(seeds_->sample_shape()) << " but model "
                    << first.file().path << " takes " << to_string(first.input_shape())
                    << " (height x width x channels). Give --preprocess resize=, crop= or shape=.");
  auto const models = static_cast<std::int64_t>(networks_.size());
  VALIDATE(config_.target < models, "--target " << config_.target << ": there are " << models
                                                << " models (counted from 0). Give 0 to " << models - 1
                                                << ", or random.");
  VALIDATE(seeds_->size() < (std::int64_t{1} << 32),
           "seeds " << seeds_->path() << ": more than 2^32 records (draws are keyed by 32 bits). Split the file.");
}

ConstraintContext Setup::constraint_context() const {
  ConstraintContext context{seeds_->sample_shape(), seeds_->feature_names(), width_, config_.rng_seed};
  context.memory = &memory();
  io::StoredDomain const& stored = seeds_->domain();
  if (stored.known) {
    context.zero = static_cast<float>(-stored.lo / (stored.hi - stored.lo));
    context.one = static_cast<float>(1 / (stored.hi - stored.lo));
  }
  return context;
}

std::unique_ptr<Constraint> Setup::make_constraint() const {
  return generate::make_constraint(config_.constraint, constraint_context());
}

std::unique_ptr<coverage::Criterion> Setup::make_criterion(std::size_t model, std::int64_t largest_batch) const {
  return coverage::make_neuron_coverage(config_.threshold, *networks_[model], largest_batch);
}

std::int64_t Setup::units() const {
  std::int64_t total = 0;
  for (auto const& network : networks_) total += network->units();
  return total;
}

}  // namespace sonde::generate
