#include "base/cpu_isa.hpp"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cstdlib>

namespace sonde {
namespace {

std::atomic<CpuIsa> cap{CpuIsa::avx512};

CpuIsa processor_isa() {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return CpuIsa::base;
  bool const wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  return wide ? CpuIsa::avx512 : CpuIsa::avx2;
}

CpuIsa detected_isa() {
  CpuIsa isa = processor_isa();
  for (char const* name : {"ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"}) {
    char const* value = std::getenv(name);
    if (value) isa = std::min(isa, allowed_isa(value));
  }
  return isa;
}

}  // namespace

CpuIsa allowed_isa(std::string const& value) {
  std::string name = value;
  for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (name == "SSE41" || name == "AVX") return CpuIsa::base;
  if (name == "AVX2" || name == "AVX2_VNNI") return CpuIsa::avx2;
  return CpuIsa::avx512;
}

CpuIsa usable_isa() {
  static CpuIsa const detected = detected_isa();
  return std::min(detected, cap.load());
}

void cap_isa(CpuIsa most) { cap = std::min(cap.load(), most); }

std::string to_string(CpuIsa isa) {
  if (isa == CpuIsa::avx512) return "AVX-512";
  return isa == CpuIsa::avx2 ? "AVX2" : "base";
}

}  // namespace sonde
