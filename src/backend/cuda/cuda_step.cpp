#include "backend/cuda/cuda_step.hpp"

#include <algorithm>
#include <mutex>

#include "backend/cuda/check.hpp"
#include "base/check.hpp"
#include "base/log.hpp"
#include "device/device.hpp"

namespace sonde::backend {

CudaStep::CudaStep(std::vector<Queue*> const& queues, std::function<void()> calls)
    : Step(std::move(calls)), first_(static_cast<CudaQueue*>(queues.at(0))) {
  for (Queue* queue : queues) {
    auto* const other = static_cast<CudaQueue*>(queue);
    if (other != first_ && !std::ranges::count(others_, other)) others_.push_back(other);
  }
}

CudaStep::~CudaStep() {
  if (!graph_) return;
  static_cast<void>(cudaStreamSynchronize(first_->stream()));
  static_cast<void>(cudaGraphExecDestroy(graph_));
}

void CudaStep::replay() {
  device::make_current();
  for (CudaQueue* other : others_) first_->wait_for(*other);
  if (has_run_ && (graph_ || capture())) {
    SONDE_CUDA(cudaGraphLaunch(graph_, first_->stream()));
  } else {
    std::lock_guard const lock(capture_mutex());
    run();
    has_run_ = true;
  }
  for (CudaQueue* other : others_) other->wait_for(*first_);
}

/// The calls, between a fork to the other queues and the join of all.
void CudaStep::run() {
  for (CudaQueue* other : others_) other->wait_for(*first_);
  Step::replay();
  for (CudaQueue* other : others_) first_->wait_for(*other);
}

/// Whether there is a graph now. What fails is tried again by later replays, but not for ever.
bool CudaStep::capture() {
  constexpr int most_attempts = 3;
  if (attempts_ == most_attempts) return false;
  ++attempts_;
  std::lock_guard const lock(capture_mutex());
  try {
    cudaGraph_t const graph = captured();
    cudaError_t const error = cudaGraphInstantiate(&graph_, graph, 0);
    static_cast<void>(cudaGraphDestroy(graph));
    SONDE_CUDA(error);
  } catch (Error const& error) {
    SONDE_LOG(warning, "a step was not recorded and runs call by call, which is slower: " << error.what());
    graph_ = nullptr;
  }
  return graph_ != nullptr;
}

cudaGraph_t CudaStep::captured() {
  first_->keep_workspace();
  for (CudaQueue* other : others_) other->keep_workspace();
  // Relaxed: other threads, and libraries in this one, may allocate in the meantime.
  SONDE_CUDA(cudaStreamBeginCapture(first_->stream(), cudaStreamCaptureModeRelaxed));
  cudaGraph_t graph = nullptr;
  try {
    run();
  } catch (...) {
    static_cast<void>(cudaStreamEndCapture(first_->stream(), &graph));
    if (graph) static_cast<void>(cudaGraphDestroy(graph));
    static_cast<void>(cudaGetLastError());
    throw;
  }
  SONDE_CUDA(cudaStreamEndCapture(first_->stream(), &graph));
  return graph;
}

}  // namespace sonde::backend
