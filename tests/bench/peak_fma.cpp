// The peak rate of multiply-adds: independent chains in registers, nothing loaded or stored.
#include "bench/bench.hpp"

namespace sonde::bench {
namespace {

constexpr int kChains = 12;

#ifdef __AVX512F__
constexpr int kWidth = 16;
#else
constexpr int kWidth = 8;
#endif
typedef float Vector __attribute__((vector_size(4 * kWidth)));

float volatile source = 0.999F, sink = 0;

void run(long steps) {
  Vector const factor = Vector{} + source;
  Vector sum[kChains];
  for (int c = 0; c < kChains; ++c) sum[c] = factor + static_cast<float>(c);
  for (long i = 0; i < steps; ++i) {
#pragma GCC unroll 16
    for (int c = 0; c < kChains; ++c) sum[c] = sum[c] * factor + factor;
  }
  for (int c = 0; c < kChains; ++c) sink = sink + sum[c][0];
}

}  // namespace

double peak_flops() {
  constexpr long steps = 200'000;
  return 2.0 * kChains * kWidth * steps / median_seconds([] { run(steps); }, 11);
}

}  // namespace sonde::bench
