// The device backend with the host for a device: its ops, tables and kernels are those of the CUDA backend, compiled
// for the host; only queues, products and cuDNN are not. Its memory can be touched while a kernel or a copy runs and at
// no other time, so that host code that follows a device pointer ends there and then, and a kernel is refused host
// pointers.
#pragma once

#include "backend/cuda/device_backend.hpp"

namespace sonde::test {

std::unique_ptr<backend::Backend> make_emulated_backend();

}  // namespace sonde::test
