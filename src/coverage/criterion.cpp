#include "coverage/criterion.hpp"

#include "base/parameters.hpp"
#include "base/registry.hpp"

namespace sonde::coverage {
namespace {

using Maker = std::unique_ptr<Criterion> (*)(Parameters&, nn::Network const&, std::int64_t);

Registry<Maker> const& criteria() {
  static Registry<Maker> const registry(
      "coverage criterion", {{"nc", [](Parameters& parameters, nn::Network const& network, std::int64_t batch) {
                                return make_neuron_coverage(parameters.number("threshold", 0.0, 0.0, 1.0), network,
                                                            batch);
                              }}});
  return registry;
}

}  // namespace

std::unique_ptr<Criterion> make_criterion(std::string const& text, nn::Network const& network,
                                          std::int64_t largest_batch) {
  Parameters parameters(text);
  auto criterion = criteria().at(parameters.name())(parameters, network, largest_batch);
  parameters.check_all_used();
  return criterion;
}

std::vector<std::string> criterion_names() { return criteria().names(); }

std::int64_t covered_count(Criterion const& criterion, std::span<std::uint8_t const> state, std::int64_t units) {
  std::int64_t count = 0;
  for (std::int64_t unit = 0; unit < units; ++unit) count += criterion.covers(state, unit);
  return count;
}

}  // namespace sonde::coverage
