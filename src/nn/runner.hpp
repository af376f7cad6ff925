// Runs a network for fixed batch sizes: forward pass, gradient to the input, values of units.
#pragma once

#include <memory>
#include <vector>

#include "backend/backend.hpp"
#include "nn/network.hpp"
#include "tensor/buffer.hpp"

namespace sonde::nn {

struct RunnerOptions {
  std::vector<std::int64_t> batches{1};  // batch sizes that will be run; buffers are those of the largest
  bool gradient = false;                 // plan the backward pass
  std::vector<int> kept_nodes{};         // nodes asked for below that are neither counted, output nor logit
  bool only_kept = false;                // compute nothing but kept_nodes and what they need; no gradient then
  int gradient_node = 0;  // whose gradient backward() gives: the input's, or an embedding's output's, for ids have none
};

/// One worker's executable copy of a network. Everything is allocated at construction. Not thread safe; several runners
/// of one network share its weights.
class Runner {
 public:
  Runner(std::shared_ptr<Network const> network, std::shared_ptr<backend::Backend const> backend,
         RunnerOptions options);
  ~Runner();
  Runner(Runner&&) noexcept;

  Network const& network() const { return *network_; }
  backend::Queue& queue() { return *queue_; }

  /// Computes output, logit, counted layers and kept nodes, and what they need, for rows (batch, F) in the backend's
  /// memory; batch must be one of the sizes planned.
  void forward(std::int64_t batch, float const* rows);

  /// rows (batch, K) in the backend's memory = the model's output. Enqueued.
  void store_outputs(std::int64_t batch, float* rows);

  // As node_values() and node_unit_values() below, but in the backend's memory, which is not the host's: enqueued, and
  // valid until the next call of any of them.
  float const* rows_of_node(std::int64_t batch, int node);
  float const* rows_of_units(std::int64_t batch, int node, backend::UnitReduction reduction);

  // Into the host's memory; there when the call returns.
  /// rows (batch, K) = the model's output.
  void outputs(std::int64_t batch, float* rows);

  /// rows (batch, K) = value of a node: counted, output, logit, or one of kept_nodes.
  void node_values(std::int64_t batch, int node, float* rows);

  /// values (batch, units of the layer).
  void unit_values(std::int64_t batch, std::size_t layer, backend::UnitReduction reduction, float* values);
  /// values (batch, last extent of the node), for the nodes of node_values().
  void node_unit_values(std::int64_t batch, int node, backend::UnitReduction reduction, float* values);

  /// gradient (batch, F of the gradient node) = d/dx, with x the gradient node, of sum over samples of
  ///   objective.weight * (unit objective.unit of the node `objective_node`) + pick.weight * (mean of the picked unit)
  /// after forward() with the same batch. objective (batch), its `layer` 0 for samples that take part and -1 otherwise;
  /// picks (batch) name counted layers by index, or null. All in the backend's memory. Enqueued.
  void backward(std::int64_t batch, int objective_node, backend::UnitPick const* objective,
                backend::UnitPick const* picks, float* gradient);

  /// Bytes of activations and gradients.
  std::size_t bytes() const;

 private:
  struct Plan;
  Plan const& plan(std::int64_t batch) const;
  void allocate(RunnerOptions const& options);
  Buffer<float> allocate_tensor(int node, std::size_t size);
  void find_needed(RunnerOptions const& options);
  void find_roots();
  void find_fusions(RunnerOptions const& options);
  void plan_operators(std::int64_t batch);
  void share_gradients(std::int64_t batch);
  float* value(int node, std::int64_t first_sample = 0);
  Shape const& node_shape(int node) const { return network_->file().nodes[static_cast<std::size_t>(node)].shape; }
  void backward_piece(Plan const& plan, std::int64_t first, std::int64_t count, int objective_node,
                      backend::UnitPick const* objective, backend::UnitPick const* picks, float* gradient);
  /// Lets `fill` write `count` floats in the backend's memory and brings them to `rows` in the host's.
  template <class Fill>
  void deliver(std::size_t count, float* rows, Fill fill);
  /// Calls `run(first, count)` for the parts of a batch that go through the model one after the other.
  template <class Run>
  void for_pieces(std::int64_t batch, Run run) const;
  bool is_needed(int node) const { return needed_[static_cast<std::size_t>(node)] != 0; }
  int root(int node) const { return roots_[static_cast<std::size_t>(node)]; }
  bool inject(std::int64_t batch, int node, int objective_node, backend::UnitPick const* objective,
              backend::UnitPick const* picks, bool touched);

  std::shared_ptr<Network const> network_;
  std::shared_ptr<backend::Backend const> backend_;
  std::unique_ptr<backend::Queue> queue_;
  bool gradient_ = false;
  int gradient_node_ = 0;
  std::vector<char> needed_;           // by node: whether it is computed
  std::vector<std::int64_t> batches_;  // that may be run
  Shape objective_shape_;              // (K): kept, so that running allocates nothing
  std::int64_t piece_ = 0;             // samples that ops are planned for; 0: each batch is planned as a whole
  std::vector<int> roots_;             // node -> node whose buffer holds its value (reshapes and identities hold none)
  std::vector<int> fused_into_;        // convolution or product -> the activation computed with it, or -1
  std::vector<Buffer<float>> values_;  // by root node
  std::vector<Buffer<float>> gradient_buffers_;
  Buffer<float> delivery_;          // on the way from a device to the host: room for the rows of any node
  std::vector<int> gradient_slot_;  // root node -> gradient buffer, -1 for none
  std::vector<std::unique_ptr<Plan>> plans_;
};

}  // namespace sonde::nn
