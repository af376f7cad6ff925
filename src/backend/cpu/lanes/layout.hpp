// How lanes tensors lie in memory: block b holds samples 16 b to 16 b + 15 as (F, 16).
#pragma once

#include <cstdint>

#include "backend/cpu/lanes/kernels.hpp"
#include "base/shape.hpp"

namespace sonde::backend::lanes {

/// Blocks that `batch` samples take.
inline std::int64_t block_count(std::int64_t batch) { return (batch + kLanes - 1) / kLanes; }

/// Floats of a block of samples of `shape`.
inline std::int64_t block_size(Shape const& shape) { return volume(shape) * kLanes; }

/// rows (batch, features) -> blocks; lanes without a sample are zero.
void rows_to_blocks(float const* rows, std::int64_t features, std::int64_t batch, float* tensor);

/// blocks -> rows (batch, features).
void blocks_to_rows(float const* tensor, std::int64_t features, std::int64_t batch, float* rows);

}  // namespace sonde::backend::lanes
