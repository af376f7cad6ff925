// What every worker of a run shares, read-only: models, seeds, domain, objective.
#pragma once

#include <memory>
#include <vector>

#include "backend/backend.hpp"
#include "backend/rows.hpp"
#include "coverage/criterion.hpp"
#include "generate/config.hpp"
#include "generate/constraints/constraint.hpp"
#include "generate/domain.hpp"
#include "generate/objective.hpp"
#include "io/datasets/dataset.hpp"
#include "io/preprocess.hpp"
#include "nn/network.hpp"

namespace sonde::generate {

using Networks = std::vector<std::shared_ptr<nn::Network const>>;

class Setup {
 public:
  /// Throws InputError when models, seeds, constraint and configuration do not fit each other.
  Setup(Config config, Networks networks, std::shared_ptr<io::Dataset const> seeds, io::ModelDomain const& model_domain,
        backend::BackendMaker const& make_backend);

  Config const& config() const { return config_; }
  Networks const& networks() const { return networks_; }
  std::size_t models() const { return networks_.size(); }
  io::Dataset const& seeds() const { return *seeds_; }
  Domain const& domain() const { return *domain_; }
  Objective const& objective() const { return objective_; }
  backend::DomainMap const& map() const { return map_; }
  std::shared_ptr<backend::Backend const> const& backend(std::size_t model) const { return backends_[model]; }
  device::Memory& memory() const { return backends_.front()->memory(); }
  /// Step per iteration in units of the range, as resolved from --step, mode and constraint.
  double step() const { return step_; }
  /// Whether a sample's bits depend on nothing but the sample: then it may be computed beside any others.
  bool independent() const { return independent_; }
  /// Samples computed at once at most: the backend's block, or a whole micro-batch.
  std::int64_t width() const { return width_; }
  /// Neurons over all models.
  std::int64_t units() const;

  std::unique_ptr<Constraint> make_constraint() const;
  std::unique_ptr<coverage::Criterion> make_criterion(std::size_t model, std::int64_t largest_batch) const;

 private:
  ConstraintContext constraint_context() const;
  void check_inputs() const;

  Config config_;
  Networks networks_;
  std::shared_ptr<io::Dataset const> seeds_;
  Objective objective_;
  std::unique_ptr<Domain const> domain_;
  backend::DomainMap map_;
  std::vector<std::shared_ptr<backend::Backend const>> backends_;
  double step_ = 0;
  bool independent_ = false;
  std::int64_t width_ = 1;
};

}  // namespace sonde::generate
