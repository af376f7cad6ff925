// Marks functions that kernels and host code share.
#pragma once

#ifdef __CUDACC__
#define SONDE_HOST_DEVICE __host__ __device__
#else
#define SONDE_HOST_DEVICE
#endif
