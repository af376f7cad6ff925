// The batch sizes an ascent runs at, where a sample's bits depend on its batch.
#pragma once

#include <cstdint>
#include <vector>

namespace sonde::generate {

/// Batch sizes, largest first: batch, then 3/4, 1/2, 3/8, 1/4, ... of it rounded up to multiples of 16,
/// and 8 (64: 64, 48, 32, 16, 8).
/// Fixed by the batch alone, so that the shape a sample is computed at depends on nothing but its micro-batch.
std::vector<std::int64_t> ladder(std::int64_t batch);

/// The smallest size that holds `live` samples.
std::int64_t ladder_shape(std::vector<std::int64_t> const& sizes, std::int64_t live);

/// Samples per pass when findings are recorded or verified: fixed, so that both compute the same bits.
std::int64_t record_batch(std::int64_t batch);

}  // namespace sonde::generate
