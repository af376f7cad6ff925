// The CUDA backend's maker: CMake picks the implementation, or the refusal in cuda_off.cpp.
#pragma once

#include <memory>

#include "backend/backend.hpp"

namespace sonde::backend {

/// Throws InputError in a build without CUDA.
std::unique_ptr<Backend> make_cuda_backend();

}  // namespace sonde::backend
