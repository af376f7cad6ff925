// One worker's executable copies of all models, fed by rows in units of the stored range.
#pragma once

#include <vector>

#include "generate/setup.hpp"
#include "nn/runner.hpp"

namespace sonde::generate {

/// Batch sizes of the ascent, largest first: a fixed ladder, or, where samples are independent, the one block.
std::vector<std::int64_t> shapes(Setup const& setup);

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
  backend::RowOps const& ops() const { return ops_; }

  /// Forward pass of every model at x (batch, F); outputs are then in outputs().
  void forward(std::int64_t batch, backend::LoopState const* state, float const* x);
  /// Outputs of model k (batch, K) after forward().
  float const* outputs(std::size_t k) const { return outputs_[k].data(); }
  /// g (batch, F) = gradient of the sum of all models' objectives; starts[k] and picks[k] (batch), picks[k] may be
  /// null.
  void backward(std::int64_t batch, backend::LoopState const* state,
                std::vector<std::vector<backend::UnitPick>> const& starts,
                std::vector<std::vector<backend::UnitPick>> const* picks, float* g);
  /// Outputs of every model for one sample, after forward().
  void outputs_of(std::int64_t sample, std::vector<Output>& outputs) const;

  std::size_t bytes() const;

 private:
  Setup const& setup_;
  backend::RowOps ops_;
  std::vector<nn::Runner> runners_;
  Buffer<float> model_rows_;            // (batch, F)
  std::vector<Buffer<float>> outputs_;  // per model (batch, K)
};

}  // namespace sonde::generate
