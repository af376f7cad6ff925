// The CUDA backend's maker: CMake picks the implementation, or the refusal in cuda_off.cpp.
#pragma once

#include <memory>

#include "backend/backend.hpp"

namespace sonde::backend {

/// The CUDA backend on the process's device. Throws InputError in a build without CUDA, and where no device can be
/// used.
std::unique_ptr<Backend> make_cuda_backend(Precision precision);

}  // namespace sonde::backend
