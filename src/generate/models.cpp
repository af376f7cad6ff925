#include "generate/models.hpp"

#include <algorithm>

#include "generate/ladder.hpp"

namespace sonde::generate {

std::vector<std::int64_t> shapes(Setup const& setup) {
  return setup.independent() ? std::vector{setup.width()} : ladder(setup.width());
}

Models::Models(Setup const& setup, Use use) : setup_(setup), ops_(setup.backend(0)->make_row_ops()) {
  nn::RunnerOptions options;
  options.gradient = use == Use::ascent;
  options.batches = use == Use::ascent ? shapes(setup) : std::vector{record_batch(setup.config().batch)};
  auto const most = static_cast<std::size_t>(std::ranges::max(options.batches));
  std::size_t const rows = most * static_cast<std::size_t>(setup.domain().features());
  model_rows_ = Buffer<float>(rows, setup.memory());
  for (std::size_t k = 0; k < setup.models(); ++k) {
    runners_.emplace_back(setup.networks()[k], setup.backend(k), options);
    outputs_.emplace_back(most * static_cast<std::size_t>(setup.networks()[k]->outputs()), setup.memory());
    if (options.gradient) gradients_.emplace_back(rows, setup.memory());
  }
}

std::vector<backend::Queue*> Models::queues() {
  std::vector<backend::Queue*> queues;
  for (nn::Runner& runner : runners_) queues.push_back(&runner.queue());
  return queues;
}

/// The other models' queues go on where the first one stands.
void Models::fork() {
  for (std::size_t k = 1; k < runners_.size(); ++k) runners_[k].queue().wait_for(runners_.front().queue());
}

void Models::join() {
  for (std::size_t k = 1; k < runners_.size(); ++k) runners_.front().queue().wait_for(runners_[k].queue());
}

void Models::forward(std::int64_t batch, backend::LoopState const* state, float const* x) {
  backend::Queue& first = runners_.front().queue();
  ops_->to_model(first, state, x, setup_.domain().features(), setup_.map(), model_rows_.data());
  fork();
  for (std::size_t k = 0; k < runners_.size(); ++k) {
    runners_[k].forward(batch, model_rows_.data());
    runners_[k].store_outputs(batch, outputs_[k].device());
  }
  join();
}

void Models::backward(std::int64_t batch, backend::LoopState const* state, Picks const& starts, Picks const* picks,
                      float* g) {
  backend::Queue& first = runners_.front().queue();
  fork();
  for (std::size_t k = 0; k < runners_.size(); ++k) {
    runners_[k].backward(batch, setup_.objective().node(k), starts[k].device(), picks ? (*picks)[k].device() : nullptr,
                         gradients_[k].data());
  }
  join();
  for (std::size_t k = 0; k < runners_.size(); ++k) {
    ops_->add_model_gradient(first, state, gradients_[k].data(), setup_.domain().features(), setup_.map(), k == 0, g);
  }
}

void Models::fetch_outputs(std::int64_t batch) {
  for (std::size_t k = 0; k < runners_.size(); ++k) {
    outputs_[k].fetch(runners_.front().queue(), static_cast<std::size_t>(batch * setup_.networks()[k]->outputs()));
  }
}

void Models::outputs_of(std::int64_t sample, std::vector<Output>& outputs) const {
  outputs.resize(runners_.size());
  for (std::size_t k = 0; k < runners_.size(); ++k) {
    auto const count = static_cast<std::size_t>(setup_.networks()[k]->outputs());
    outputs[k] = outputs_[k].host().subspan(static_cast<std::size_t>(sample) * count, count);
  }
}

std::size_t Models::bytes() const {
  std::size_t total = model_rows_.size() * sizeof(float);
  for (auto const& gradient : gradients_) total += gradient.size() * sizeof(float);
  for (nn::Runner const& runner : runners_) total += runner.bytes();
  return total;
}

}  // namespace sonde::generate
