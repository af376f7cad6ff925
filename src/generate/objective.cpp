#include "generate/objective.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.hpp"

namespace sonde::generate {
namespace {

bool ends_in_softmax(nn::Network const& network) {
  auto const& nodes = network.file().nodes;
  auto index = static_cast<std::size_t>(network.file().output);
  while (std::holds_alternative<io::Reshape>(nodes[index].op)) index = static_cast<std::size_t>(nodes[index].inputs[0]);
  auto const* softmax = std::get_if<io::Softmax>(&nodes[index].op);
  return softmax && !softmax->log;
}

}  // namespace

Objective::Objective(std::vector<std::shared_ptr<nn::Network const>> const& networks, Config const& config)
    : lambda1_(config.lambda1), divergence_(config.divergence) {
  VALIDATE(
      networks.size() >= 2,
      "--model: " << networks.size() << " given (a difference needs at least two models). Give --model A --model B.");
  nn::Network const& first = *networks.front();
  task_ = first.task();
  for (auto const& network : networks) {
    VALIDATE(network->task() == task_ && network->outputs() == first.outputs(),
             "model " << network->file().path << ": it gives " << network->outputs() << " "
                      << nn::to_string(network->task()) << " output(s) but model " << first.file().path << " gives "
                      << first.outputs() << " " << nn::to_string(task_)
                      << " output(s) (their answers cannot be compared). Give models of the same task.");
    nodes_.push_back(config.objective == ObjectiveKind::probability ? network->file().output : network->logit_node());
    is_probability_.push_back(ends_in_softmax(*network));
  }
}

backend::UnitPick Objective::start(std::size_t k, std::int64_t label, std::int64_t target) const {
  double weight = static_cast<std::int64_t>(k) == target ? -lambda1_ : 1.0;
  std::int32_t unit = 0;
  if (task_ == nn::Task::classes) unit = static_cast<std::int32_t>(label);
  if (task_ == nn::Task::binary && label == 0) weight = -weight;  // the one output is the confidence in class 1
  return {0, unit, static_cast<float>(weight)};
}

std::int64_t Objective::label(Output output) const { return nn::label_of(task_, output); }

double Objective::confidence(std::size_t k, Output output) const {
  if (task_ == nn::Task::regression) return output[0];
  if (task_ == nn::Task::binary) return label(output) == 1 ? output[0] : 1 - static_cast<double>(output[0]);
  double const top = output[static_cast<std::size_t>(label(output))];
  if (is_probability_[k]) return top;
  double sum = 0;
  for (float value : output) sum += std::exp(static_cast<double>(value) - top);
  return 1 / sum;
}

bool Objective::disagree(std::span<Output const> outputs) const {
  // An input driven so far out that a model overflows shows nothing.
  for (Output output : outputs) {
    if (!std::ranges::all_of(output, [](float value) { return std::isfinite(value); })) return false;
  }
  if (task_ == nn::Task::regression) return nn::outputs_differ(outputs, divergence_);
  return std::ranges::any_of(outputs, [&](Output o) { return label(o) != label(outputs[0]); });
}

double Objective::margin(std::span<Output const> outputs) const {
  double smallest = std::numeric_limits<double>::infinity();
  double largest_output = 1e-30;
  for (Output output : outputs) {
    for (float value : output) largest_output = std::max(largest_output, std::abs(static_cast<double>(value)));
    if (task_ == nn::Task::binary) smallest = std::min(smallest, std::abs(static_cast<double>(output[0]) - 0.5));
    if (task_ != nn::Task::classes) continue;
    auto const top = static_cast<std::size_t>(label(output));
    for (std::size_t i = 0; i < output.size(); ++i) {
      if (i != top) smallest = std::min(smallest, static_cast<double>(output[top]) - static_cast<double>(output[i]));
    }
  }
  if (task_ == nn::Task::regression) {
    for (std::size_t i = 0; i < outputs[0].size(); ++i) {
      auto const value = [i](Output o) { return o[i]; };
      auto const [least, most] = std::ranges::minmax(outputs, {}, value);
      double const low = value(least), high = value(most);
      smallest = std::min({smallest, std::abs(high - low - divergence_), std::abs(low), std::abs(high)});
    }
  }
  return smallest / largest_output;
}

}  // namespace sonde::generate
