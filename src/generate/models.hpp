// One worker's executable copies of all models, fed by rows in units of the stored range.
#pragma once

#include <vector>

#include "backend/mirrored.hpp"
#include "generate/setup.hpp"
#include "nn/runner.hpp"

namespace sonde::generate {

/// Batch sizes of the ascent, largest first: a fixed ladder, or, where samples are independent, the one block.
std::vector<std::int64_t> shapes(Setup const& setup);

/// Per model, a pick for every row.
using Picks = std::vector<backend::Mirrored<backend::UnitPick>>;

class Models {
 public:
  enum class Use {
    ascent,  // forward and backward passes at shapes()
    record   // forward passes at the record batch
  };
  Models(Setup const& setup, Use use);

  std::size_t size() const { return runners_.size(); }
  nn::Runner& runner(std::size_t k) { return runners_[k]; }
  /// Those of all runners, the first model's first.
  std::vector<backend::Queue*> queues();
  backend::RowOps const& ops() const { return *ops_; }

  // Enqueued on queues(), whose first begins and ends each; arrays are in the backend's memory.
  /// Forward pass of every model at x (batch, F).
  void forward(std::int64_t batch, backend::LoopState const* state, float const* x);
  /// g (batch, F) = gradient of the sum of all models' objectives at the last forward pass; starts[k] and picks[k]
  /// (batch), picks may be null.
  void backward(std::int64_t batch, backend::LoopState const* state, Picks const& starts, Picks const* picks, float* g);

  /// Brings the outputs of the last forward pass to the host.
  void fetch_outputs(std::int64_t batch);
  /// Outputs of every model for one sample, after fetch_outputs().
  void outputs_of(std::int64_t sample, std::vector<Output>& outputs) const;

  std::size_t bytes() const;

 private:
  void fork();
  void join();

  Setup const& setup_;
  std::unique_ptr<backend::RowOps> ops_;
  std::vector<nn::Runner> runners_;
  Buffer<float> model_rows_;                       // (batch, F)
  std::vector<Buffer<float>> gradients_;           // per model (batch, F)
  std::vector<backend::Mirrored<float>> outputs_;  // per model (batch, K)
};

}  // namespace sonde::generate
