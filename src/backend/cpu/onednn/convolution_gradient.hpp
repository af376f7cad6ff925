// Two ways to the gradient of a convolution's input.
#pragma once

#include "backend/cpu/onednn/library.hpp"
#include "backend/operator.hpp"

namespace sonde::backend::onednn {

class ConvolutionGradient {
 public:
  virtual ~ConvolutionGradient() = default;
  /// dx = or += gradient; y is the output after the activation. mode is not skip.
  virtual void run(LibraryQueue& queue, float const* y, float const* dy, GradientMode mode, float* dx) = 0;
};

/// What both need to know.
struct ConvolutionPlan {
  io::Conv2d op;
  io::Activation f;
  Shape in, out;  // (H, W, C), (H', W', K)
  std::int64_t batch = 0;
};

/// Descriptions of a convolution in the library's terms: weights (K, C, height, width) or (groups, K / groups, ...).
Desc given_weights(io::Conv2d const& op, Shape const& in, Shape const& out);
Desc any_weights(io::Conv2d const& op, Shape const& in, Shape const& out);

/// Channels per block of an image's layout; 0 for a layout that is not one of channel blocks.
std::int64_t block_of(Desc const& desc);

/// The library's backward-data, in the layout it likes best; the gradient of the activation is written in that layout.
std::unique_ptr<ConvolutionGradient> make_library_gradient(Library& library, ConvolutionPlan const& plan,
                                                           ScratchPlan& scratch);

/// For few input channels, where the library's kernels leave most of a vector empty: one product per sample gives each
/// output position's share of its window, and the windows are then added up.
std::unique_ptr<ConvolutionGradient> make_window_gradient(Library& library, ConvolutionPlan const& plan,
                                                          ScratchPlan& scratch);

}  // namespace sonde::backend::onednn
