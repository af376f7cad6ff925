// The table of kernels on x86-64.
#include "backend/cpu/lanes/kernels.hpp"
#include "base/cpu_isa.hpp"

namespace sonde::backend::lanes {

extern Kernels const base_kernels, avx2_kernels, avx512_kernels;

Kernels const& kernels(CpuIsa isa) {
  if (isa == CpuIsa::avx512) return avx512_kernels;
  return isa == CpuIsa::avx2 ? avx2_kernels : base_kernels;
}

}  // namespace sonde::backend::lanes
