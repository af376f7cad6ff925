#include "backend/cuda/cuda_queue.hpp"

#include <limits>

#include "backend/cuda/check.hpp"
#include "base/check.hpp"
#include "device/device.hpp"

namespace sonde::backend {
namespace {

/// cuBLAS asks for so much on an H100 and less on others. With scratch of its own it gives the same bits every time,
/// also when several streams are at work, and allocates nothing while a step is recorded.
constexpr std::size_t cublas_bytes = std::size_t{32} << 20;

int checked_int(std::int64_t value) {
  if (value > std::numeric_limits<int>::max())
    SONDE_FAIL_AS(InputError, "a matrix product has an extent of "
                                  << value << " (cuBLAS counts in 32 bits). Set a smaller --batch.");
  return static_cast<int>(value);
}

}  // namespace

std::recursive_mutex& capture_mutex() {
  static auto* const mutex = new std::recursive_mutex;  // outlives queues in static objects
  return *mutex;
}

CudaQueue::CudaQueue(Precision precision) : precision_(precision) {
  device::make_current();
  // Work on one stream is not to wait for work on another.
  SONDE_CUDA(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
  SONDE_CUDA(cudaEventCreateWithFlags(&reached_, cudaEventDisableTiming));
}

CudaQueue::~CudaQueue() {
  static_cast<void>(cudaStreamSynchronize(stream_));
  std::lock_guard const lock(capture_mutex());
  if (cudnn_) static_cast<void>(cudnnDestroy(cudnn_));
  if (cublas_) static_cast<void>(cublasDestroy(cublas_));
  static_cast<void>(cudaEventDestroy(reached_));
  static_cast<void>(cudaStreamDestroy(stream_));
}

void CudaQueue::wait() {
  device::make_current();
  SONDE_CUDA(cudaStreamSynchronize(stream_));
}

void CudaQueue::wait_for(Queue& other) {
  auto& queue = static_cast<CudaQueue&>(other);
  if (&queue == this) return;
  device::make_current();
  SONDE_CUDA(cudaEventRecord(queue.reached_, queue.stream_));
  SONDE_CUDA(cudaStreamWaitEvent(stream_, queue.reached_, 0));
}

void CudaQueue::copy_in(void* to, void const* host, std::size_t bytes) {
  device::make_current();
  SONDE_CUDA(cudaMemcpyAsync(to, host, bytes, cudaMemcpyHostToDevice, stream_));
}

void CudaQueue::copy_out(void* host, void const* from, std::size_t bytes) {
  device::make_current();
  SONDE_CUDA(cudaMemcpyAsync(host, from, bytes, cudaMemcpyDeviceToHost, stream_));
}

void CudaQueue::copy(void* to, void const* from, std::size_t bytes) {
  device::make_current();
  if (bytes > 0) SONDE_CUDA(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream_));
}

void CudaQueue::clear(void* to, std::size_t bytes) {
  device::make_current();
  if (bytes > 0) SONDE_CUDA(cudaMemsetAsync(to, 0, bytes, stream_));
}

void* CudaQueue::workspace(std::size_t bytes) {
  if (bytes <= workspace_.size()) return workspace_.data();
  if (keep_) {
    old_workspaces_.push_back(std::move(workspace_));
  } else {
    wait();
  }
  workspace_ = Buffer<std::byte>();  // two need not fit side by side
  workspace_ = Buffer<std::byte>(bytes, device::memory());
  return workspace_.data();
}

cudnnContext* CudaQueue::cudnn() {
  if (cudnn_) return cudnn_;
  std::lock_guard const lock(capture_mutex());
  device::make_current();
  SONDE_CUDA(cudnnCreate(&cudnn_));
  SONDE_CUDA(cudnnSetStream(cudnn_, stream_));
  return cudnn_;
}

cublasContext* CudaQueue::cublas() {
  if (cublas_) return cublas_;
  std::lock_guard const lock(capture_mutex());
  device::make_current();
  SONDE_CUDA(cublasCreate(&cublas_));
  SONDE_CUDA(cublasSetStream(cublas_, stream_));  // takes the workspace away: before it is given
  cublas_workspace_ = Buffer<std::byte>(cublas_bytes, device::memory());
  SONDE_CUDA(cublasSetWorkspace(cublas_, cublas_workspace_.data(), cublas_workspace_.size()));
  // The default mode computes in fp32: it rounds no factor.
  SONDE_CUDA(
      cublasSetMathMode(cublas_, precision_ == Precision::tf32 ? CUBLAS_TF32_TENSOR_OP_MATH : CUBLAS_DEFAULT_MATH));
  return cublas_;
}

/// cuBLAS is column-major: it is told of transposes, c^T = b^T a^T.
void CudaQueue::multiply(Product const& p) {
  cublasContext* const handle = cublas();
  device::make_current();
  float const one = 1, beta = p.add ? 1.0F : 0.0F;
  SONDE_CUDA(cublasSgemm(handle, p.transposed ? CUBLAS_OP_T : CUBLAS_OP_N, CUBLAS_OP_N, checked_int(p.columns),
                         checked_int(p.rows), checked_int(p.inner), &one, p.b, checked_int(p.stride_b), p.a,
                         checked_int(p.stride_a), &beta, p.c, checked_int(p.stride_c)));
}

/// Row-major again: c^T = b^T a, and b^T is what cuBLAS sees of b.
void CudaQueue::multiply_columns(std::int64_t rows, std::int64_t columns_a, std::int64_t columns_b, double const* a,
                                 double const* b, double* c) {
  cublasContext* const handle = cublas();
  device::make_current();
  double const one = 1, none = 0;
  int const m = checked_int(columns_a), n = checked_int(columns_b);
  SONDE_CUDA(cublasDgemm(handle, CUBLAS_OP_N, CUBLAS_OP_T, n, m, checked_int(rows), &one, b, n, a, m, &none, c, n));
}

void CudaQueue::multiply_columns(std::int64_t rows, std::int64_t columns_a, std::int64_t columns_b, float const* a,
                                 float const* b, float* c) {
  cublasContext* const handle = cublas();
  device::make_current();
  float const one = 1, none = 0;
  int const m = checked_int(columns_a), n = checked_int(columns_b);
  SONDE_CUDA(cublasSgemm(handle, CUBLAS_OP_N, CUBLAS_OP_T, n, m, checked_int(rows), &one, b, n, a, m, &none, c, n));
}

cudaStream_t stream(Queue& queue) {
  device::make_current();
  return static_cast<CudaQueue&>(queue).stream();
}

void check_launch(char const* kernel) { cuda::check(cudaGetLastError(), kernel, "src/backend/cuda/kernels", 0); }

}  // namespace sonde::backend
