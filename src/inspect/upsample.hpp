// Unit maps at the size of label images.
#pragma once

#include <cstdint>

namespace sonde::inspect {

/// map (h, w, units), rows (size * size, units), row-major pixels. Bilinear between the centres of the map's pixels,
/// constant beyond the outermost: pixel i lies at (i + 0.5) * h / size - 0.5, clamped to [0, h - 1]. That is
/// align_corners=false of PyTorch's interpolate, and what --preprocess resize=NxN:bilinear does to an image that grows.
/// A map larger than size is sampled, not averaged.
void upsample(float const* map, std::int64_t h, std::int64_t w, std::int64_t units, std::int64_t size, float* rows);

}  // namespace sonde::inspect
