// What a GPU can do at most: the bounds that stand beside all else that is measured on it.
//
// bench_device
#include "bench/bench.hpp"
#include "bench/device_bench.hpp"

namespace sonde::bench {
namespace {

using backend::CudaQueue;
using backend::Precision;

/// A copy on the device reads and writes: both count, as they do where the traffic of a model is counted.
void copies() {
  constexpr std::size_t bytes = std::size_t{1} << 30;
  Buffer<std::byte> const from(bytes, device::memory());
  Buffer<std::byte> to(bytes, device::memory()), host(bytes, device::pinned_memory());
  CudaQueue queue(Precision::fp32);
  auto const rate = [&](auto&& copy) { return 1e-9 * static_cast<double>(bytes) / device_seconds(queue, copy); };
  print("device.copy", 2 * rate([&] { queue.copy(to.data(), from.data(), bytes); }), "GB/s");
  print("device.from_host", rate([&] { queue.copy_in(to.data(), host.data(), bytes); }), "GB/s");
  print("device.to_host", rate([&] { queue.copy_out(host.data(), from.data(), bytes); }), "GB/s");
}

constexpr int size = 8192;  // of square matrices

cublasStatus_t multiply(cublasHandle_t cublas, float const* a, float const* b, float* c) {
  float const one = 1, none = 0;
  return cublasSgemm(cublas, CUBLAS_OP_N, CUBLAS_OP_N, size, size, size, &one, a, size, b, size, &none, c, size);
}

cublasStatus_t multiply(cublasHandle_t cublas, double const* a, double const* b, double* c) {
  double const one = 1, none = 0;
  return cublasDgemm(cublas, CUBLAS_OP_N, CUBLAS_OP_N, size, size, size, &one, a, size, b, size, &none, c, size);
}

/// cuBLAS alone, with nothing of sonde's around it.
template <class Real>
void product(char const* name, cublasMath_t mode) {
  auto const a = random_buffer<Real>(std::size_t{size} * size), b = random_buffer<Real>(std::size_t{size} * size);
  Buffer<Real> c(std::size_t{size} * size, device::memory());
  CudaQueue queue(Precision::fp32);
  cublasHandle_t cublas = nullptr;
  SONDE_CUDA(cublasCreate(&cublas));
  SONDE_CUDA(cublasSetStream(cublas, queue.stream()));
  SONDE_CUDA(cublasSetMathMode(cublas, mode));
  double const seconds = device_seconds(queue, [&] { SONDE_CUDA(multiply(cublas, a.data(), b.data(), c.data())); });
  print(name, 2e-12 * size * size * size / seconds, "TFLOP/s");
  SONDE_CUDA(cublasDestroy(cublas));
}

}  // namespace
}  // namespace sonde::bench

int main() {
  using namespace sonde::bench;
  return run_on_device("bench_device", [] {
    copies();
    product<float>("device.product.fp32", CUBLAS_DEFAULT_MATH);
    product<float>("device.product.tf32", CUBLAS_TF32_TENSOR_OP_MATH);
    product<double>("device.product.fp64", CUBLAS_DEFAULT_MATH);
  });
}
