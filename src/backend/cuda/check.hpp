// Errors of CUDA, cuDNN and cuBLAS as exceptions.
#pragma once

#include <cublas_v2.h>
#include <cuda_runtime.h>
#include <cudnn.h>

namespace sonde::backend::cuda {

/// Throws Error naming the call, the place, what the library says and what to do about it.
void check(cudaError_t error, char const* call, char const* file, int line);
void check(cublasStatus_t status, char const* call, char const* file, int line);
void check(cudnnStatus_t status, char const* call, char const* file, int line);

}  // namespace sonde::backend::cuda

#define SONDE_CUDA(call) ::sonde::backend::cuda::check((call), #call, __FILE__, __LINE__)
