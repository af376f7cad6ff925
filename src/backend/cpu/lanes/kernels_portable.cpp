// The table of kernels where only the variant for any processor is built.
#include "backend/cpu/lanes/kernels.hpp"

namespace sonde::backend::lanes {

extern Kernels const base_kernels;

Kernels const& kernels(CpuIsa) { return base_kernels; }

}  // namespace sonde::backend::lanes
