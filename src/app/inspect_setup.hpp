// What an inspection is made of: models or stored behaviours, data, hypotheses.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/common_options.hpp"
#include "app/run_identity.hpp"
#include "comm/communicator.hpp"
#include "inspect/hypotheses/cache.hpp"
#include "inspect/run.hpp"
#include "inspect/unit_source.hpp"

namespace sonde::app {

class InspectSetup {
 public:
  /// Opens and checks all of it. Collective; throws InputError on all ranks.
  InspectSetup(CommandLine& line, comm::Communicator const& comm);
  InspectSetup(InspectSetup const&) = delete;
  InspectSetup& operator=(InspectSetup const&) = delete;

  inspect::Config const& config() const { return config_; }
  std::vector<std::shared_ptr<nn::Network const>> const& networks() const { return networks_; }
  Data const& data() const { return data_; }
  inspect::DataFacts const& facts() const { return facts_; }
  inspect::UnitSource& units() const { return *units_; }
  inspect::HypothesisSet const& hypotheses() const { return *hypotheses_; }

  /// What decides the scores.
  RunIdentity identity() const;
  /// The options that decide them, as an ini text.
  std::string effective_config() const;
  /// Stores the behaviours of hypotheses that --cache is to keep.
  void save_caches() const;

 private:
  void open_behaviors();
  void open_models();
  void choose_form(inspect::ModelUnitsOptions& options) const;
  std::int64_t series_steps(std::string const& units) const;
  void make_hypotheses();
  std::string data_options() const;

  CommandLine& line_;
  comm::Communicator const& comm_;
  inspect::Config config_;
  std::vector<std::shared_ptr<nn::Network const>> networks_;
  std::int64_t batch_ = 1;  // records run through the models at once
  Data data_;
  inspect::DataFacts facts_;
  std::shared_ptr<io::Dataset const> behaviors_;  // null when models are run
  std::unique_ptr<inspect::UnitSource> units_;
  std::unique_ptr<inspect::HypothesisSet> hypotheses_;
  std::vector<std::string> fingerprints_;          // of them
  std::vector<inspect::HypothesisCache*> caches_;  // among them
};

}  // namespace sonde::app
