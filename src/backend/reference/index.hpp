// Where the elements of a view of a tensor lie; computed when an op is planned.
#pragma once

#include <vector>

#include "base/shape.hpp"

namespace sonde::backend::reference {

/// Row-major strides.
inline Shape strides(Shape const& shape) {
  Shape result(shape.size(), 1);
  for (std::size_t axis = shape.size(); axis-- > 1;) result[axis - 1] = result[axis] * shape[axis];
  return result;
}

/// Strides for reading a tensor of `shape` as if it had the extents it broadcasts to: 0 along axes of extent 1.
inline Shape broadcast_strides(Shape const& shape) {
  Shape result = strides(shape);
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] == 1) result[axis] = 0;
  }
  return result;
}

/// first + the sum of index * stride, for every index of `shape` in row-major order.
inline std::vector<std::int64_t> offsets(Shape const& shape, Shape const& stride, std::int64_t first = 0) {
  std::vector<std::int64_t> result{first};
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    std::vector<std::int64_t> longer;
    longer.reserve(result.size() * static_cast<std::size_t>(shape[axis]));
    for (std::int64_t offset : result) {
      for (std::int64_t i = 0; i < shape[axis]; ++i) longer.push_back(offset + i * stride[axis]);
    }
    result = std::move(longer);
  }
  return result;
}

}  // namespace sonde::backend::reference
