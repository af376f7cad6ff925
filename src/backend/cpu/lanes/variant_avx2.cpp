// The lanes kernels for avx2.
#define SONDE_LANES_VECTOR 8
#define SONDE_LANES_PARTS 2
#define SONDE_LANES_ACCUMULATORS 14  // registers for sums
#include "backend/cpu/lanes/variant.inl"

namespace sonde::backend::lanes {

extern Kernels const avx2_kernels;
Kernels const avx2_kernels = make_kernels();

}  // namespace sonde::backend::lanes
