#include "io/models/onnx/constant.hpp"

#include <onnx/onnx_pb.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/check.hpp"

namespace sonde::io::onnx_reader {
namespace {

using ::onnx::TensorProto;

static_assert(std::endian::native == std::endian::little, "raw data of ONNX files are little-endian");

/// IEEE 754 binary16.
float from_half(std::uint16_t bits) {
  int const exponent = (bits >> 10) & 31;
  int const fraction = bits & 1023;
  float magnitude = 0;
  if (exponent == 0) {
    magnitude = std::ldexp(static_cast<float>(fraction), -24);
  } else if (exponent == 31) {
    magnitude = fraction == 0 ? std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
  } else {
    magnitude = std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

/// The upper half of a binary32.
float from_bfloat16(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

/// Elements as stored in the file: in raw_data, or one by one in the field of their type.
template <class Stored, class Field>
std::vector<Stored> stored(TensorProto const& tensor, Field const& field, std::size_t count, std::string const& where) {
  std::vector<Stored> result;
  if (tensor.has_raw_data()) {
    VALIDATE(tensor.raw_data().size() == count * sizeof(Stored),
             where << ": it has " << tensor.raw_data().size() << " bytes of data for " << count << " elements of "
                   << sizeof(Stored) << " bytes (dims and data disagree). The file is damaged; export it again.");
    result.resize(count);
    if (count > 0) std::memcpy(result.data(), tensor.raw_data().data(), count * sizeof(Stored));
    return result;
  }
  VALIDATE(static_cast<std::size_t>(field.size()) == count,
           where << ": it has " << field.size() << " values for " << count
                 << " elements (dims and data disagree). The file is damaged; export it again.");
  result.reserve(count);
  for (auto const value : field) result.push_back(static_cast<Stored>(value));
  return result;
}

template <class Stored>
Floats to_floats(std::vector<Stored> const& values) {
  Floats result;
  result.reserve(values.size());
  for (Stored const value : values) result.push_back(static_cast<float>(value));
  return result;
}

template <class Stored>
Integers to_integers(std::vector<Stored> const& values) {
  Integers result;
  result.reserve(values.size());
  for (Stored const value : values) result.push_back({static_cast<std::int64_t>(value), false});
  return result;
}

Floats widen(std::vector<std::uint16_t> const& values, float (*convert)(std::uint16_t)) {
  Floats result;
  result.reserve(values.size());
  for (std::uint16_t const bits : values) result.push_back(convert(bits));
  return result;
}

}  // namespace

std::size_t size(Constant const& constant) {
  return std::visit([](auto const& elements) { return elements.size(); }, constant.elements);
}

Constant read_tensor(TensorProto const& tensor, std::string const& where) {
  VALIDATE(tensor.data_location() != ::onnx::TensorProto_DataLocation_EXTERNAL && tensor.external_data_size() == 0,
           where << ": its data lie in another file (external data are not supported). "
                 << "Save the model with all data in one file.");
  VALIDATE(!tensor.has_segment(), where << ": it is stored in segments (not supported). Save the model in one piece.");
  Constant result;
  result.shape.assign(tensor.dims().begin(), tensor.dims().end());
  auto const count = static_cast<std::size_t>(volume(result.shape));
  auto const& int32s = tensor.int32_data();
  switch (tensor.data_type()) {
    case ::onnx::TensorProto_DataType_FLOAT:
      result.elements = stored<float>(tensor, tensor.float_data(), count, where);
      break;
    case ::onnx::TensorProto_DataType_DOUBLE:
      result.elements = to_floats(stored<double>(tensor, tensor.double_data(), count, where));
      break;
    case ::onnx::TensorProto_DataType_FLOAT16:
      result.elements = widen(stored<std::uint16_t>(tensor, int32s, count, where), from_half);
      break;
    case ::onnx::TensorProto_DataType_BFLOAT16:
      result.elements = widen(stored<std::uint16_t>(tensor, int32s, count, where), from_bfloat16);
      break;
    case ::onnx::TensorProto_DataType_INT64:
      result.elements = to_integers(stored<std::int64_t>(tensor, tensor.int64_data(), count, where));
      break;
    case ::onnx::TensorProto_DataType_INT32:
      result.elements = to_integers(stored<std::int32_t>(tensor, int32s, count, where));
      break;
    case ::onnx::TensorProto_DataType_INT16:
      result.elements = to_integers(stored<std::int16_t>(tensor, int32s, count, where));
      break;
    case ::onnx::TensorProto_DataType_INT8:
      result.elements = to_integers(stored<std::int8_t>(tensor, int32s, count, where));
      break;
    case ::onnx::TensorProto_DataType_UINT32:
      result.elements = to_integers(stored<std::uint32_t>(tensor, tensor.uint64_data(), count, where));
      break;
    case ::onnx::TensorProto_DataType_UINT16:
      result.elements = to_integers(stored<std::uint16_t>(tensor, int32s, count, where));
      break;
    case ::onnx::TensorProto_DataType_UINT8:
    case ::onnx::TensorProto_DataType_BOOL:
      result.elements = to_integers(stored<std::uint8_t>(tensor, int32s, count, where));
      break;
    default:
      SONDE_FAIL_AS(
          InputError,
          where
              << ": its element type " << tensor.data_type()
              << " is not supported (floating point, bool and integers other than uint64 are). Export it in float32.");
  }
  return result;
}

Constant pick(Constant const& from, Shape shape, std::vector<std::size_t> const& source) {
  Constant result{std::move(shape), {}};
  std::visit(
      [&](auto const& elements) {
        std::remove_cvref_t<decltype(elements)> picked;
        picked.reserve(source.size());
        for (std::size_t const i : source) picked.push_back(elements[i]);
        result.elements = std::move(picked);
      },
      from.elements);
  return result;
}

std::vector<std::size_t> strided(Shape const& shape, std::vector<std::size_t> const& strides) {
  auto const count = static_cast<std::size_t>(volume(shape));
  std::vector<std::size_t> result;
  result.reserve(count);
  std::vector<std::int64_t> index(shape.size(), 0);
  std::size_t position = 0;
  while (result.size() < count) {
    result.push_back(position);
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      position += strides[axis];
      if (++index[axis] < shape[axis]) break;
      position -= strides[axis] * static_cast<std::size_t>(shape[axis]);
      index[axis] = 0;
    }
  }
  return result;
}

std::vector<std::size_t> broadcast_strides(Shape const& shape) {
  std::vector<std::size_t> strides(shape.size(), 0);
  std::size_t step = 1;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    if (shape[axis] != 1) strides[axis] = step;
    step *= static_cast<std::size_t>(shape[axis]);
  }
  return strides;
}

}  // namespace sonde::io::onnx_reader
