// One tensor op, planned: shapes, batch size and weights are fixed, so that running it allocates nothing.
#pragma once

#include <span>

#include "backend/queue.hpp"

namespace sonde::backend {

/// What becomes of an input's gradient.
enum class GradientMode {
  skip,       // not wanted; the pointer may be null
  overwrite,  // dx = ...
  accumulate  // dx += ...
};

/// Forward pass and gradient to the inputs; gradients of weights are never computed.
/// All pointers are tensors in the layout of the backend that planned the op (Backend::tensor_size floats each).
class Operator {
 public:
  virtual ~Operator() = default;

  /// y = op(x...)
  virtual void forward(Queue& queue, std::span<float const* const> x, float* y) = 0;

  /// dx[i] = (dy/dx[i])^T dy, for each input by its mode. x and y are those of the last forward(); y is the op's
  /// own output, and dy must not be changed.
  virtual void backward(Queue& queue, std::span<float const* const> x, float const* y, float const* dy,
                        std::span<float* const> dx, std::span<GradientMode const> modes) = 0;
};

}  // namespace sonde::backend
