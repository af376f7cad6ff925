#include "generate/models.hpp"

#include <algorithm>

#include "generate/ladder.hpp"

namespace sonde::generate {

std::vector<std::int64_t> shapes(Setup const& setup) {
  return setup.independent() ? std::vector{setup.width()} : ladder(setup.width());
}

Models::Models(Setup const& setup, Use use) : setup_(setup) {
  nn::RunnerOptions options;
  options.gradient = use == Use::ascent;
  options.batches = use == Use::ascent ? shapes(setup) : std::vector{record_batch(setup.config().batch)};
  auto const most = static_cast<std::size_t>(std::ranges::max(options.batches));
  model_rows_ = Buffer<float>(most * static_cast<std::size_t>(setup.domain().features()));
  for (std::size_t k = 0; k < setup.models(); ++k) {
    runners_.emplace_back(setup.networks()[k], setup.backend(k), options);
    outputs_.emplace_back(most * static_cast<std::size_t>(setup.networks()[k]->outputs()));
  }
}

std::vector<backend::Queue*> Models::queues() {
  std::vector<backend::Queue*> queues;
  for (nn::Runner& runner : runners_) queues.push_back(&runner.queue());
  return queues;
}

void Models::forward(std::int64_t batch, backend::LoopState const* state, float const* x) {
  ops_.to_model(runners_.front().queue(), state, x, setup_.domain().features(), setup_.map(), model_rows_.data());
  for (std::size_t k = 0; k < runners_.size(); ++k) {
    runners_[k].forward(batch, model_rows_.data());
    runners_[k].outputs(batch, outputs_[k].data());
  }
}

void Models::backward(std::int64_t batch, backend::LoopState const* state,
                      std::vector<std::vector<backend::UnitPick>> const& starts,
                      std::vector<std::vector<backend::UnitPick>> const* picks, float* g) {
  for (std::size_t k = 0; k < runners_.size(); ++k) {
    runners_[k].backward(batch, setup_.objective().node(k), starts[k].data(), picks ? (*picks)[k].data() : nullptr,
                         model_rows_.data());
    ops_.add_model_gradient(runners_.front().queue(), state, model_rows_.data(), setup_.domain().features(),
                            setup_.map(), k == 0, g);
  }
}

void Models::outputs_of(std::int64_t sample, std::vector<Output>& outputs) const {
  outputs.resize(runners_.size());
  for (std::size_t k = 0; k < runners_.size(); ++k) {
    auto const count = static_cast<std::size_t>(setup_.networks()[k]->outputs());
    outputs[k] = {outputs_[k].data() + static_cast<std::size_t>(sample) * count, count};
  }
}

std::size_t Models::bytes() const {
  std::size_t total = model_rows_.size() * sizeof(float);
  for (nn::Runner const& runner : runners_) total += runner.bytes();
  return total;
}

}  // namespace sonde::generate
