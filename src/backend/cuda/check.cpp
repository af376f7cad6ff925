#include "backend/cuda/check.hpp"

#include <array>
#include <string>

#include "base/check.hpp"
#include "device/memory.hpp"

namespace sonde::backend::cuda {
namespace {

[[noreturn]] void fail(char const* call, char const* file, int line, std::string const& reason, char const* advice) {
  std::string_view path = file;
  std::size_t const source = path.rfind("src/");
  if (source != std::string_view::npos) path.remove_prefix(source);
  std::string_view name = call;
  name = name.substr(0, name.find('('));
  SONDE_FAIL_AS(Error, "device: " << name << " failed at " << path << ':' << line << " (" << reason << "). " << advice);
}

constexpr char const* look = "Look at the device with nvidia-smi and in the kernel's log, and run again.";

char const* advice_for(cudaError_t error) {
  switch (error) {
    case cudaErrorMemoryAllocation:
      return "Set a smaller --batch.";
    case cudaErrorIllegalAddress:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidValue:
    case cudaErrorInvalidConfiguration:
    case cudaErrorAssert:
      return "This is a defect of sonde: please report it with what compute-sanitizer prints, and use --backend cpu.";
    case cudaErrorNoKernelImageForDevice:
      return "Build sonde with CMAKE_CUDA_ARCHITECTURES for this device.";
    default:
      return look;
  }
}

}  // namespace

void check(cudaError_t error, char const* call, char const* file, int line) {
  if (error == cudaSuccess) return;
  static_cast<void>(cudaGetLastError());  // it is told once
  fail(call, file, line, std::string(cudaGetErrorName(error)) + ": " + cudaGetErrorString(error), advice_for(error));
}

void check(cublasStatus_t status, char const* call, char const* file, int line) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  bool const memory = status == CUBLAS_STATUS_ALLOC_FAILED;
  fail(call, file, line, cublasGetStatusString(status), memory ? "Set a smaller --batch." : look);
}

void check(cudnnStatus_t status, char const* call, char const* file, int line) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  std::array<char, 512> details{};
  cudnnGetLastErrorString(details.data(), details.size());
  fail(call, file, line, std::string(cudnnGetErrorString(status)) + " " + details.data(), look);
}

}  // namespace sonde::backend::cuda
