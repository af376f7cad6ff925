// Neuron coverage as DeepXplore's program computes it: each layer's output is scaled to [0, 1] per input, a neuron's
// value is the mean over its positions, and it is covered when that exceeds the threshold. A constant layer has no
// value and covers nothing.
#include <algorithm>
#include <sstream>

#include "coverage/criterion.hpp"
#include "tensor/buffer.hpp"

namespace sonde::coverage {
namespace {

class NeuronCoverage final : public Criterion {
 public:
  NeuronCoverage(double threshold, nn::Network const& network, std::int64_t largest_batch)
      : threshold_(threshold), units_(network.units()) {
    std::int64_t widest = 0;
    for (nn::Layer const& layer : network.layers()) widest = std::max(widest, layer.units);
    values_ = Buffer<float>(static_cast<std::size_t>(widest * largest_batch));
  }

  std::string definition() const override {
    std::ostringstream text;
    text << "nc:threshold=" << threshold_;
    return text.str();
  }

  Merge merge() const override { return Merge::logical_or; }
  std::size_t state_size() const override { return static_cast<std::size_t>(units_); }
  bool covers(std::span<std::uint8_t const> state, std::int64_t unit) const override {
    return state[static_cast<std::size_t>(unit)] != 0;
  }

  void update(nn::Runner& runner, std::int64_t batch, std::span<std::uint8_t const> include,
              std::span<std::uint8_t> state) override {
    auto const& layers = runner.network().layers();
    for (std::size_t k = 0; k < layers.size(); ++k) {
      auto const units = static_cast<std::size_t>(layers[k].units);
      auto const covered = state.subspan(static_cast<std::size_t>(layers[k].first_unit), units);
      // Nothing more to learn of the layer: after some hundred inputs that holds for most.
      if (std::ranges::all_of(covered, [](std::uint8_t flag) { return flag != 0; })) continue;
      runner.unit_values(batch, k, backend::UnitReduction::scaled_mean, values_.data());
      for (std::size_t n = 0; n < include.size(); ++n) {
        if (!include[n]) continue;
        float const* values = values_.data() + n * units;  // (units)
        // NaN, the value of a constant layer, is not above any threshold.
        for (std::size_t u = 0; u < units; ++u) covered[u] |= static_cast<double>(values[u]) > threshold_;
      }
    }
  }

 private:
  double threshold_;
  std::int64_t units_;
  Buffer<float> values_;  // (batch, units of the widest layer)
};

}  // namespace

std::unique_ptr<Criterion> make_neuron_coverage(double threshold, nn::Network const& network,
                                                std::int64_t largest_batch) {
  return std::make_unique<NeuronCoverage>(threshold, network, largest_batch);
}

}  // namespace sonde::coverage
