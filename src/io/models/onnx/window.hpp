// The sliding window of convolutions and pooling.
#pragma once

#include "io/models/onnx/call.hpp"

namespace sonde::io::onnx_reader {

/// One axis of a window.
struct Side {
  std::int64_t extent = 0;  // of the image
  std::int64_t window = 1, stride = 1, dilation = 1;
  std::int64_t before = 0, after = 0;  // padding

  /// Elements from the first to the last the window covers.
  std::int64_t reach() const { return dilation * (window - 1) + 1; }
};

struct Sides {
  Side y, x;
};

/// Reads strides, dilations, pads and auto_pad of a window over an image (H, W, C). Throws InputError for absurd
/// numbers.
Sides read_window(Call& call, std::vector<std::int64_t> const& kernel, Shape const& image);

Window to_window(Sides const& sides);

}  // namespace sonde::io::onnx_reader
