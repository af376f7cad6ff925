#include "backend/cpu/lanes/convolution_plan.hpp"

#include <algorithm>
#include <numeric>

namespace sonde::backend::lanes {
namespace {

/// An axis of a phase, and which taps of the window it uses: first_tap + t * tap_step.
struct AxisPhase {
  ConvolutionAxis axis;
  std::int64_t first_tap, tap_step;
};

AxisPhase forward_axis(std::int64_t in, std::int64_t out, std::int64_t taps, std::int64_t stride, std::int64_t dilation,
                       std::int64_t before) {
  return {{out, 0, 1, taps, -before, stride, dilation, in}, 0, 1};
}

/// Input positions i = residue + stride * n receive from output o by tap t when o * stride = i + before - t * dilation.
/// Those taps are t = t0 + j * period; in falling order of t the outputs are first + n + j * step, a convolution of
/// stride 1.
AxisPhase gradient_axis(std::int64_t residue, std::int64_t in, std::int64_t out, std::int64_t taps, std::int64_t stride,
                        std::int64_t dilation, std::int64_t before) {
  std::int64_t const common = std::gcd(stride, dilation);
  std::int64_t const period = stride / common, step = dilation / common;
  std::int64_t const position = residue + before;
  std::int64_t t0 = 0;
  while (t0 < std::min(taps, period) && (position - t0 * dilation) % stride != 0) ++t0;
  std::int64_t const used = t0 < std::min(taps, period) ? (taps - t0 + period - 1) / period : 0;
  std::int64_t const last = used > 0 ? used - 1 : 0;
  std::int64_t const first = used > 0 ? (position - t0 * dilation) / stride - last * step : 0;
  return {
      {(in - residue + stride - 1) / stride, residue, stride, used, first, 1, step, out}, t0 + last * period, -period};
}

/// Channels of one direction and where its weights lie: offset of (input c, output k) is c * input_step + k *
/// output_step.
struct Channels {
  std::int64_t groups, group_inputs, group_outputs;
  std::int64_t input_step, output_step, group_step, tap_step;
};

Channels forward_channels(io::Conv2d const& op) {
  Shape const& w = op.weights->shape;  // (window height, window width, C / groups, K)
  return {op.groups, w[2], w[3] / op.groups, w[3], 1, w[3] / op.groups, w[2] * w[3]};
}

Channels gradient_channels(io::Conv2d const& op) {
  Shape const& w = op.weights->shape;
  return {op.groups, w[3] / op.groups, w[2], 1, w[3], w[3] / op.groups, w[2] * w[3]};
}

/// Cuts the channels of each group into tiles of about equal size.
std::vector<ChannelTile> cut_channels(Channels const& c, std::int64_t taps) {
  std::vector<ChannelTile> tiles;
  std::int64_t const pieces = (c.group_outputs + kMaxTileChannels - 1) / kMaxTileChannels;
  std::int64_t weights = 0;
  for (std::int64_t group = 0; group < c.groups; ++group) {
    for (std::int64_t piece = 0; piece < pieces; ++piece) {
      std::int64_t const begin = piece * c.group_outputs / pieces, end = (piece + 1) * c.group_outputs / pieces;
      tiles.push_back({group * c.group_inputs, group * c.group_outputs + begin, end - begin, weights});
      weights += taps * c.group_inputs * (end - begin);
    }
  }
  return tiles;
}

Buffer<float> pack_weights(io::Conv2d const& op, AxisPhase const& y, AxisPhase const& x, Channels const& c,
                           std::vector<ChannelTile> const& tiles) {
  float const* const weights = op.weights->data.data();
  Buffer<float> packed(
      static_cast<std::size_t>(y.axis.taps * x.axis.taps * c.groups * c.group_inputs * c.group_outputs));
  float* to = packed.data();
  for (ChannelTile const& tile : tiles) {
    std::int64_t const group = tile.first_output / c.group_outputs;
    std::int64_t const corner = group * c.group_step + tile.first_output % c.group_outputs * c.output_step;
    for (std::int64_t ty = 0; ty < y.axis.taps; ++ty) {
      for (std::int64_t tx = 0; tx < x.axis.taps; ++tx) {
        std::int64_t const tap = (y.first_tap + ty * y.tap_step) * op.window.width + x.first_tap + tx * x.tap_step;
        float const* const from = weights + tap * c.tap_step + corner;
        for (std::int64_t i = 0; i < c.group_inputs; ++i) {
          for (std::int64_t k = 0; k < tile.channels; ++k) *to++ = from[i * c.input_step + k * c.output_step];
        }
      }
    }
  }
  return packed;
}

ConvolutionPhase make_phase(io::Conv2d const& op, AxisPhase const& y, AxisPhase const& x, Channels const& c,
                            std::int64_t output_width) {
  ConvolutionPhase phase;
  phase.tiles = cut_channels(c, y.axis.taps * x.axis.taps);
  phase.weights = pack_weights(op, y, x, c, phase.tiles);
  phase.kernel = {y.axis,
                  x.axis,
                  c.groups * c.group_inputs,
                  c.group_inputs,
                  c.groups * c.group_outputs,
                  output_width,
                  phase.tiles.data(),
                  static_cast<std::int64_t>(phase.tiles.size()),
                  phase.weights.data(),
                  nullptr,
                  false,
                  false};
  return phase;
}

/// Where a tile holds several pixels, all their taps must be inside the image: widens it by the columns that are
/// missing.
void add_margins(ConvolutionPlan& plan, Kernels const& kernels) {
  std::int64_t left = 0, right = 0;
  for (ConvolutionPhase const& phase : plan.phases) {
    ConvolutionAxis const& x = phase.kernel.x;
    bool const wide =
        std::ranges::any_of(phase.tiles, [&](ChannelTile const& tile) { return kernels.pixels[tile.channels] > 1; });
    if (!wide || x.count <= 1 || x.taps == 0) continue;
    left = std::max(left, -x.first);
    right = std::max(right, x.first + (x.count - 1) * x.stride + (x.taps - 1) * x.dilation - (x.input - 1));
  }
  for (ConvolutionPhase& phase : plan.phases) {
    phase.kernel.x.first += left;
    phase.kernel.x.input += left + right;
  }
  std::int64_t const channels = plan.phases.front().kernel.inputs;
  plan.left = left * channels;
  plan.right = right * channels;
}

}  // namespace

ConvolutionPlan plan_forward(io::Conv2d const& op, Shape const& in, Shape const& out, Kernels const& kernels) {
  io::Window const& w = op.window;
  ConvolutionPlan plan;
  plan.rows = in[0];
  plan.length = in[1] * in[2];
  AxisPhase const y = forward_axis(in[0], out[0], w.height, w.stride_y, w.dilation_y, w.top);
  AxisPhase const x = forward_axis(in[1], out[1], w.width, w.stride_x, w.dilation_x, w.left);
  plan.phases.push_back(make_phase(op, y, x, forward_channels(op), out[1]));
  add_margins(plan, kernels);
  return plan;
}

ConvolutionPlan plan_gradient(io::Conv2d const& op, Shape const& in, Shape const& out, Kernels const& kernels) {
  io::Window const& w = op.window;
  ConvolutionPlan plan;
  plan.rows = out[0];
  plan.length = out[1] * out[2];
  for (std::int64_t i = 0; i < std::min(w.stride_y, in[0]); ++i) {
    AxisPhase const y = gradient_axis(i, in[0], out[0], w.height, w.stride_y, w.dilation_y, w.top);
    for (std::int64_t j = 0; j < std::min(w.stride_x, in[1]); ++j) {
      AxisPhase const x = gradient_axis(j, in[1], out[1], w.width, w.stride_x, w.dilation_x, w.left);
      plan.phases.push_back(make_phase(op, y, x, gradient_channels(op), in[1]));
    }
  }
  add_margins(plan, kernels);
  return plan;
}

}  // namespace sonde::backend::lanes
