#include "backend/cpu/lanes/layout.hpp"

#include <algorithm>

namespace sonde::backend::lanes {
namespace {

typedef float Four __attribute__((vector_size(16)));
typedef Four LooseFour __attribute__((aligned(4), may_alias));  // at any address

/// to[j * to_step + i] = from[i * from_step + j] for i, j < 4.
inline void transpose_four(float const* from, std::int64_t from_step, float* to, std::int64_t to_step) {
  Four row[4];
  for (int i = 0; i < 4; ++i) row[i] = *reinterpret_cast<LooseFour const*>(from + i * from_step);
  Four const a = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5);
  Four const b = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5);
  Four const c = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7);
  Four const d = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
  *reinterpret_cast<LooseFour*>(to) = __builtin_shufflevector(a, b, 0, 1, 4, 5);
  *reinterpret_cast<LooseFour*>(to + to_step) = __builtin_shufflevector(a, b, 2, 3, 6, 7);
  *reinterpret_cast<LooseFour*>(to + 2 * to_step) = __builtin_shufflevector(c, d, 0, 1, 4, 5);
  *reinterpret_cast<LooseFour*>(to + 3 * to_step) = __builtin_shufflevector(c, d, 2, 3, 6, 7);
}

}  // namespace

void rows_to_blocks(float const* rows, std::int64_t features, std::int64_t batch, float* tensor) {
  for (std::int64_t n = 0; n < block_count(batch) * kLanes; n += 4) {
    float const* const from = rows + n * features;
    float* const to = tensor + n / kLanes * features * kLanes + n % kLanes;
    std::int64_t const live = std::clamp<std::int64_t>(batch - n, 0, 4);
    std::int64_t f = 0;
    for (; live == 4 && f + 4 <= features; f += 4) transpose_four(from + f, features, to + f * kLanes, kLanes);
    for (; f < features; ++f) {
      for (std::int64_t i = 0; i < 4; ++i) to[f * kLanes + i] = i < live ? from[i * features + f] : 0;
    }
  }
}

void blocks_to_rows(float const* tensor, std::int64_t features, std::int64_t batch, float* rows) {
  for (std::int64_t n = 0; n < batch; n += 4) {
    float const* const from = tensor + n / kLanes * features * kLanes + n % kLanes;
    float* const to = rows + n * features;
    std::int64_t const live = std::min<std::int64_t>(batch - n, 4);
    std::int64_t f = 0;
    for (; live == 4 && f + 4 <= features; f += 4) transpose_four(from + f * kLanes, kLanes, to + f, features);
    for (; f < features; ++f) {
      for (std::int64_t i = 0; i < live; ++i) to[i * features + f] = from[f * kLanes + i];
    }
  }
}

}  // namespace sonde::backend::lanes
