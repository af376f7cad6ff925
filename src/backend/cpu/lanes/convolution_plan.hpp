// Convolutions made ready for the kernels: axes, channel tiles and weights packed in the order they are read.
#pragma once

#include <vector>

#include "backend/cpu/lanes/kernels.hpp"
#include "io/models/ops.hpp"

namespace sonde::backend::lanes {

/// A kernel call with what it points to.
struct ConvolutionPhase {
  Convolution kernel{};
  std::vector<ChannelTile> tiles;
  Buffer<float> weights;
};

/// One direction of a convolution. Its phases write disjoint outputs and together all of them.
struct ConvolutionPlan {
  std::vector<ConvolutionPhase> phases;
  std::int64_t rows = 0, length = 0;  // the input is (rows, length, 16)
  std::int64_t left = 0, right = 0;   // zeros the kernels want beside each of its rows, in elements

  /// Floats of the input with its margins.
  std::int64_t padded_size() const { return rows * (left + length + right) * kLanes; }
};

/// y = conv(x): one phase.
ConvolutionPlan plan_forward(io::Conv2d const& op, Shape const& in, Shape const& out, Kernels const& kernels);

/// dx from dy: a convolution with rotated kernel for each residue of the input position modulo the stride.
ConvolutionPlan plan_gradient(io::Conv2d const& op, Shape const& in, Shape const& out, Kernels const& kernels);

}  // namespace sonde::backend::lanes
