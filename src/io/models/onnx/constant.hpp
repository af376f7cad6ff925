// A tensor of an ONNX file whose elements are known when the file is read: weights, shapes, axes.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/shape.hpp"

namespace onnx {
class TensorProto;
}

namespace sonde::io::onnx_reader {

/// An element of a shape computation.
struct Integer {
  std::int64_t value = 0;
  bool batch = false;  // it stands for the extent of the batch, whatever that is in a run; value is then meaningless
};

using Floats = std::vector<float>;
using Integers = std::vector<Integer>;

/// Row-major. Every floating-point type of the file is read as float, every integer type and bool as Integer.
struct Constant {
  Shape shape;
  std::variant<Floats, Integers> elements;
};

/// Number of elements.
std::size_t size(Constant const& constant);

/// Converts a tensor of the file; throws InputError, naming `where`, for types other than floating point of 16 to 64
/// bits and integers of up to 64, for external data, and where dims and data disagree.
Constant read_tensor(::onnx::TensorProto const& tensor, std::string const& where);

/// The constant of shape `shape` whose element i is element source[i] of `from`.
Constant pick(Constant const& from, Shape shape, std::vector<std::size_t> const& source);

/// For each element of a row-major array of `shape`, its position in an array walked with `strides` (elements per
/// axis).
std::vector<std::size_t> strided(Shape const& shape, std::vector<std::size_t> const& strides);

/// Row-major strides of `shape`; 0 along axes of extent 1, so that these broadcast.
std::vector<std::size_t> broadcast_strides(Shape const& shape);

}  // namespace sonde::io::onnx_reader
