// A recorded sequence of ops as a CUDA graph.
#pragma once

#include "backend/cuda/cuda_queue.hpp"

namespace sonde::backend {

/// The first replay runs the calls as they are, so that libraries load their kernels and scratch finds its size; the
/// second captures them, on all queues, and starts the graph, as every later one does. Where capturing fails, the calls
/// are run as they are again: a graph is faster, and does the same.
class CudaStep final : public Step {
 public:
  CudaStep(std::vector<Queue*> const& queues, std::function<void()> calls);
  ~CudaStep() override;
  CudaStep(CudaStep const&) = delete;
  CudaStep& operator=(CudaStep const&) = delete;

  void replay() override;

 private:
  void run();
  bool capture();
  cudaGraph_t captured();

  CudaQueue* first_;
  std::vector<CudaQueue*> others_;
  bool has_run_ = false;
  int attempts_ = 0;  // to capture
  cudaGraphExec_t graph_ = nullptr;
};

}  // namespace sonde::backend
