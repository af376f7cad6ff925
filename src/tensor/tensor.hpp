// A shape and the elements that go with it; no mathematics.
#pragma once

#include <utility>

#include "base/check.hpp"
#include "base/shape.hpp"
#include "tensor/buffer.hpp"

namespace sonde {

/// A dense row-major tensor in host memory.
template <class T>
struct TensorOf {
  Shape shape;
  Buffer<T> data;

  TensorOf() = default;
  /// Zeros.
  explicit TensorOf(Shape extents) : shape(std::move(extents)), data(static_cast<std::size_t>(volume(shape))) {}
};

using Tensor = TensorOf<float>;

}  // namespace sonde
