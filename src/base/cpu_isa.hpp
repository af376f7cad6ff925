// Which vector instructions the kernels of this process may use.
#pragma once

#include <string>

namespace sonde {

/// Ordered: a later one includes the earlier ones. base is plain x86-64, avx2 includes FMA, avx512 is F, BW, VL and DQ.
enum class CpuIsa { base, avx2, avx512 };

/// The best set that this processor has, that DNNL_MAX_CPU_ISA or ONEDNN_MAX_CPU_ISA allows (the library's own limit,
/// so that one variable rules both its kernels and ours) and that cap_isa() left.
CpuIsa usable_isa();

/// Lowers usable_isa() to at most `most`; called once at start with the lowest set of all ranks, since the bits of a
/// result depend on it.
void cap_isa(CpuIsa most);

/// "base", "AVX2", "AVX-512".
std::string to_string(CpuIsa isa);

/// The most that a value of DNNL_MAX_CPU_ISA allows; unknown values limit nothing, as in the library.
CpuIsa allowed_isa(std::string const& value);

}  // namespace sonde
