#include "backend/cuda_backend.hpp"
#include "base/check.hpp"

namespace sonde::backend {

std::unique_ptr<Backend> make_cuda_backend(Precision) {
  throw InputError(
      "backend cuda: it is not there (this sonde was built without CUDA). Use --backend cpu, or build with the preset "
      "cuda.");
}

}  // namespace sonde::backend
