// The lanes kernels for avx512.
#define SONDE_LANES_VECTOR 16
#define SONDE_LANES_PARTS 1
#define SONDE_LANES_ACCUMULATORS 24  // registers for sums
#include "backend/cpu/lanes/variant.inl"

namespace sonde::backend::lanes {

extern Kernels const avx512_kernels;
Kernels const avx512_kernels = make_kernels();

}  // namespace sonde::backend::lanes
