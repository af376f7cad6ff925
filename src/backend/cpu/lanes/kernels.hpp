// The lanes kernels that are compiled once per instruction set, and the table they are called through.
//
// A tensor of batch N and sample volume F is ceil(N/16) blocks of (F, 16) floats: element f of 16 samples side by side.
// Every kernel works on one block. Plain data only: this header is included by files compiled for instruction sets the
// processor may not have, so it must not bring in inline functions the linker could pick for all of the program.
#pragma once

#include <cstdint>

namespace sonde {
enum class CpuIsa;
}

namespace sonde::backend::lanes {

/// Samples side by side in a block.
inline constexpr int kLanes = 16;

/// Most output channels of a register tile: 6 channels x 16 lanes are 12 AVX registers of accumulators.
inline constexpr int kMaxTileChannels = 6;

/// One spatial axis of a convolution: output i reads the inputs first + i * stride + t * dilation, 0 <= t < taps, that
/// lie inside the image, and is written to row (or column) origin + i * step.
struct ConvolutionAxis {
  std::int64_t count, origin, step;
  std::int64_t taps, first, stride, dilation;
  std::int64_t input;  // extent of the input
};

/// Up to six neighbouring output channels of one group. Its weights are (taps y, taps x, channels in, channels).
struct ChannelTile {
  std::int64_t first_input, first_output, channels;
  std::int64_t weights;  // offset
};

/// A convolution, or one phase of the gradient of one: y[.., k] = bias[k] + sum over taps and channels of x w, summed
/// in the order (tap y, tap x, channel) in one chain, whatever the tiling.
struct Convolution {
  ConvolutionAxis y, x;
  std::int64_t inputs, group_inputs;   // channels of the input tensor; of one group
  std::int64_t outputs, output_width;  // channels and width of the output tensor
  ChannelTile const* tiles;
  std::int64_t tile_count;
  float const* weights;
  float const* bias;  // (outputs), or null
  bool relu;          // y = max(y, 0)
  bool accumulate;    // y += ...
};

/// One spatial axis of a pooling window.
struct PoolAxis {
  std::int64_t count, input;
  std::int64_t taps, first, stride, dilation;
};

struct Pooling {
  PoolAxis y, x;
  std::int64_t channels;
  bool tiles;  // the windows cover every input exactly once
};

struct Kernels {
  /// Pixels beside each other in a register tile of so many channels (index 1 to 6). A tile of more than one pixel
  /// wants all its columns' taps inside the image: copy_rows() with margins sees to that.
  std::int64_t pixels[kMaxTileChannels + 1];

  void (*convolve)(Convolution const& c, float const* x, float* y);
  /// to (rows, left + length + right, 16) = from (rows, length, 16), zero in the margins and, unless `positive` is
  /// null, where positive (rows, length, 16) is not > 0.
  void (*copy_rows)(float const* from, float const* positive, std::int64_t rows, std::int64_t length, std::int64_t left,
                    std::int64_t right, float* to);
  void (*max_pool)(Pooling const& p, float const* x, float* y);
  /// dx += dy at the first maximum of each window in scan order; dx = ... when p.tiles and `overwrite`.
  void (*max_pool_backward)(Pooling const& p, float const* x, float const* y, float const* dy, bool overwrite,
                            float* dx);
  /// low, high (16) = smallest and largest over positions of x[position * stride]
  void (*range)(float const* x, std::int64_t positions, std::int64_t stride, float* low, float* high);
  /// sums (16) = sum over positions of x[position * stride] - offset, offset (16)
  void (*sum)(float const* x, std::int64_t positions, std::int64_t stride, float const* offset, float* sums);
};

/// The kernels for an instruction set this processor has.
Kernels const& kernels(CpuIsa isa);

}  // namespace sonde::backend::lanes
