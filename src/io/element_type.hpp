// Types of the elements of stored data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

namespace sonde::io {

enum class ElementType { int8, uint8, int16, uint16, int32, uint32, int64, uint64, float32, float64, text };

/// Bytes of one element; 1 for text, whose elements are `width` bytes long.
constexpr std::size_t size_of(ElementType type) {
  switch (type) {
    case ElementType::int8:
    case ElementType::uint8:
    case ElementType::text:
      return 1;
    case ElementType::int16:
    case ElementType::uint16:
      return 2;
    case ElementType::int32:
    case ElementType::uint32:
    case ElementType::float32:
      return 4;
    default:
      return 8;
  }
}

constexpr bool is_float(ElementType type) { return type == ElementType::float32 || type == ElementType::float64; }

/// "int8", ..., "float64", "text".
constexpr char const* name_of(ElementType type) {
  constexpr char const* names[] = {"int8",  "uint8",  "int16",   "uint16",  "int32", "uint32",
                                   "int64", "uint64", "float32", "float64", "text"};
  return names[static_cast<int>(type)];
}

/// The ElementType of a C++ number type.
template <class T>
constexpr ElementType element_type() {
  static_assert(std::is_arithmetic_v<T> && sizeof(T) <= 8, "not a type that is stored");
  if constexpr (std::is_floating_point_v<T>) {
    return sizeof(T) == 4 ? ElementType::float32 : ElementType::float64;
  } else {
    int const log2 = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
    return static_cast<ElementType>(2 * log2 + (std::is_unsigned_v<T> ? 1 : 0));
  }
}

}  // namespace sonde::io
