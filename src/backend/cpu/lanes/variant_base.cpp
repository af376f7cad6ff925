// The lanes kernels for base.
#define SONDE_LANES_VECTOR 4
#define SONDE_LANES_PARTS 2
#define SONDE_LANES_ACCUMULATORS 12  // registers for sums
#include "backend/cpu/lanes/variant.inl"

namespace sonde::backend::lanes {

extern Kernels const base_kernels;
Kernels const base_kernels = make_kernels();

}  // namespace sonde::backend::lanes
