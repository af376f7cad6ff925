// Coverage criteria: what inputs exercise of a model.
//
// A criterion keeps one state array per model; arrays of different ranks and rounds are merged elementwise. A new
// criterion is a file here and a line in criterion.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "nn/runner.hpp"

namespace sonde::coverage {

/// How two states become one.
enum class Merge { logical_or };

/// One worker's instance of a criterion for one model.
class Criterion {
 public:
  virtual ~Criterion() = default;
  /// "nc:threshold=0.25": name and every parameter, as stored beside each number.
  virtual std::string definition() const = 0;
  virtual Merge merge() const = 0;
  /// Bytes of state.
  virtual std::size_t state_size() const = 0;
  /// Whether a unit counts as covered, from the state.
  virtual bool covers(std::span<std::uint8_t const> state, std::int64_t unit) const = 0;
  /// Adds what the samples of the runner's last forward pass cover. include (batch): 0 leaves a sample out.
  virtual void update(nn::Runner& runner, std::int64_t batch, std::span<std::uint8_t const> include,
                      std::span<std::uint8_t> state) = 0;
};

/// Makes a criterion from its text, "NAME:KEY=VALUE,...". Throws InputError for an unknown name, key or value.
std::unique_ptr<Criterion> make_criterion(std::string const& text, nn::Network const& network,
                                          std::int64_t largest_batch);

/// Names for help texts.
std::vector<std::string> criterion_names();

/// Neuron coverage (DeepXplore section 4.1): a neuron is covered when its scaled value exceeds the threshold for some
/// input.
std::unique_ptr<Criterion> make_neuron_coverage(double threshold, nn::Network const& network,
                                                std::int64_t largest_batch);

/// Number of covered units.
std::int64_t covered_count(Criterion const& criterion, std::span<std::uint8_t const> state, std::int64_t units);

}  // namespace sonde::coverage
