// What models answer, and whether they answer alike.
#pragma once

#include <cstdint>
#include <span>

#include "nn/network.hpp"

namespace sonde::nn {

/// One model's answer for one sample: all of its outputs.
using Output = std::span<float const>;

/// Index of the first largest output; 1 for a binary output above 1/2; 0 for a regression.
std::int64_t label_of(Task task, Output output);

/// Whether the outputs of regressions differ: some pair further apart than `divergence` and not all of strictly the
/// same sign (DeepXplore's published rule), for any of the outputs.
bool outputs_differ(std::span<Output const> outputs, double divergence);

}  // namespace sonde::nn
