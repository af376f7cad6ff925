// The extents of a tensor.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sonde {

/// Extents, outermost first. Shapes of layers and samples leave the batch out; images are (height, width, channels).
using Shape = std::vector<std::int64_t>;

/// Number of elements; 1 for a scalar. Throws InputError when it does not fit 2^40 (no tensor of sonde is that large).
std::int64_t volume(Shape const& shape);

/// "28x28x1"; "scalar" for the empty shape.
std::string to_string(Shape const& shape);

/// Number of units of a layer: its last extent (DeepXplore counts a channel, or a dense unit, as one neuron).
inline std::int64_t unit_count(Shape const& shape) { return shape.empty() ? 1 : shape.back(); }

}  // namespace sonde
