// A stream with the libraries' handles that work on it.
#pragma once

#include <cuda_runtime_api.h>

#include <mutex>
#include <vector>

#include "backend/backend.hpp"
#include "backend/cuda/device_queue.hpp"
#include "tensor/buffer.hpp"

struct cublasContext;
struct cudnnContext;

namespace sonde::backend {

/// For one thread at a time.
class CudaQueue final : public DeviceQueue {
 public:
  explicit CudaQueue(Precision precision);
  ~CudaQueue() override;
  CudaQueue(CudaQueue const&) = delete;
  CudaQueue& operator=(CudaQueue const&) = delete;

  void wait() override;
  void wait_for(Queue& other) override;
  void copy_in(void* to, void const* host, std::size_t bytes) override;
  void copy_out(void* host, void const* from, std::size_t bytes) override;
  void* workspace(std::size_t bytes) override;
  void copy(void* to, void const* from, std::size_t bytes) override;
  void clear(void* to, std::size_t bytes) override;
  void multiply(Product const& product) override;
  void multiply_columns(std::int64_t rows, std::int64_t columns_a, std::int64_t columns_b, double const* a,
                        double const* b, double* c) override;
  void multiply_columns(std::int64_t rows, std::int64_t columns_a, std::int64_t columns_b, float const* a,
                        float const* b, float* c) override;

  cudaStream_t stream() const { return stream_; }
  cudnnContext* cudnn();
  /// Scratch is pointed to by a recorded step from now on: what grows keeps the old.
  void keep_workspace() { keep_ = true; }

 private:
  cublasContext* cublas();

  Precision precision_;
  cudaStream_t stream_ = nullptr;
  cudaEvent_t reached_ = nullptr;
  cudnnContext* cudnn_ = nullptr;
  cublasContext* cublas_ = nullptr;
  Buffer<std::byte> cublas_workspace_, workspace_;
  std::vector<Buffer<std::byte>> old_workspaces_;
  bool keep_ = false;
};

/// Held while work is captured, and while a library makes or destroys a handle or runs for the first time: that may
/// wait for the whole device, which breaks a capture in whichever thread it is.
std::recursive_mutex& capture_mutex();

/// The stream of a queue of the CUDA backend, for this thread.
cudaStream_t stream(Queue& queue);

/// Throws Error when the kernel that was just started could not be.
void check_launch(char const* kernel);

}  // namespace sonde::backend
