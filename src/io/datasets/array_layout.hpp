// Where the elements of an array lie in a file; read from the headers of IDX and NPY.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/shape.hpp"
#include "io/element_type.hpp"

namespace sonde::io {

/// A row-major array of one type.
struct ArrayLayout {
  ElementType type = ElementType::uint8;
  bool boolean = false;  // stored as uint8, 0 or 1
  bool big_endian = false;
  Shape shape;              // records first
  std::int64_t offset = 0;  // of the first element from the start of the file
  std::int64_t bytes() const { return volume(shape) * static_cast<std::int64_t>(size_of(type)); }
};

/// Bytes of a file's head that the functions below need at most; a longer header is refused.
constexpr std::size_t longest_array_header = 1 << 16;

bool is_idx(std::span<std::byte const> head);
bool is_npy(std::span<std::byte const> head);

/// Layout by the header of an IDX file (http://yann.lecun.com/exdb/mnist): two zero bytes, type, number of extents,
/// extents as big-endian 32-bit integers. `subject` names the file in messages. Throws InputError for a header that is
/// wrong.
ArrayLayout idx_layout(std::string const& subject, std::span<std::byte const> head);

/// Layout by the header of an NPY file (numpy.lib.format, versions 1 to 3). Fortran order, objects (pickles), records,
/// texts, half and complex numbers are refused with InputError.
ArrayLayout npy_layout(std::string const& subject, std::span<std::byte const> head);

/// values[i] = element i of `bytes`, in the layout's type and byte order.
void convert_elements(ArrayLayout const& layout, std::span<std::byte const> bytes, float* values);

}  // namespace sonde::io
