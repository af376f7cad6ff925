#include <charconv>
#include <cstring>
#include <string_view>

#include "base/check.hpp"
#include "io/datasets/array_layout.hpp"

namespace sonde::io {

namespace {

constexpr std::string_view magic("\x93NUMPY", 6);

/// The text after 'key': in the header's Python dictionary, up to the dictionary's end.
std::string_view value_of(std::string const& subject, std::string_view header, std::string_view key) {
  std::string const quoted = "'" + std::string(key) + "'";
  auto start = header.find(quoted);
  if (start != std::string_view::npos) start = header.find_first_not_of(' ', start + quoted.size());
  if (start != std::string_view::npos && header[start] == ':')
    start = header.find_first_not_of(' ', start + 1);
  else
    start = std::string_view::npos;
  VALIDATE(start != std::string_view::npos,
           subject << ": its NPY header has no " << quoted << " (the file is damaged). Copy it again.");
  return header.substr(start);
}

/// '<f4' -> type and byte order
void read_type(std::string const& subject, std::string_view text, ArrayLayout& layout) {
  static constexpr struct {
    std::string_view code;
    ElementType type;
  } known[] = {{"b1", ElementType::uint8},   {"u1", ElementType::uint8},  {"i1", ElementType::int8},
               {"u2", ElementType::uint16},  {"i2", ElementType::int16},  {"u4", ElementType::uint32},
               {"i4", ElementType::int32},   {"u8", ElementType::uint64}, {"i8", ElementType::int64},
               {"f4", ElementType::float32}, {"f8", ElementType::float64}};
  auto const end = text.find('\'', 1);
  bool const is_text = text.front() == '\'' && end != std::string_view::npos;
  std::string_view const code = is_text ? text.substr(1, end - 1) : text.substr(0, 20);
  if (is_text && code.size() == 3 && std::string_view("<>|=").find(code[0]) != std::string_view::npos) {
    for (auto const& entry : known) {
      if (entry.code != code.substr(1)) continue;
      layout.type = entry.type;
      layout.boolean = entry.code == "b1";
      layout.big_endian = code[0] == '>';
      return;
    }
  }
  SONDE_FAIL_AS(
      InputError,
      subject << ": its elements are of the numpy type " << code
              << " (booleans, integers and 32 or 64-bit floats are read; objects would need pickle, which can run "
              << "any code). Save it with array.astype('float32').");
}

/// "(60000, 28, 28)" -> extents
Shape read_shape(std::string const& subject, std::string_view text) {
  Shape shape;
  auto const close = text.find(')');
  VALIDATE(text.front() == '(' && close != std::string_view::npos,
           subject << ": its NPY header holds no shape (the file is damaged). Copy it again.");
  text = text.substr(1, close - 1);
  while (text.find_first_not_of(' ') != std::string_view::npos) {
    text.remove_prefix(text.find_first_not_of(' '));
    std::int64_t extent = -1;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), extent);
    VALIDATE(error == std::errc() && extent >= 0 && shape.size() < 8,
             subject << ": its NPY header holds a wrong shape (extents are up to 8 whole numbers). Copy it again.");
    shape.push_back(extent);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    auto const comma = text.find_first_not_of(' ');
    if (comma == std::string_view::npos) break;
    VALIDATE(text[comma] == ',',
             subject << ": its NPY header holds a wrong shape (a comma is missing). Copy it again.");
    text.remove_prefix(comma + 1);
  }
  return shape;
}

}  // namespace

bool is_npy(std::span<std::byte const> head) {
  return head.size() >= 8 && std::memcmp(head.data(), magic.data(), magic.size()) == 0;
}

ArrayLayout npy_layout(std::string const& subject, std::span<std::byte const> head) {
  VALIDATE(is_npy(head), subject << ": it is no NPY file (it does not start with \\x93NUMPY). Check the file.");
  auto const version = std::to_integer<int>(head[6]);
  VALIDATE(version >= 1 && version <= 3,
           subject << ": its NPY version is " << version << " (1 to 3 are read). Save it again.");
  std::size_t const width = version == 1 ? 2 : 4;
  std::size_t length = 0;
  VALIDATE(head.size() >= 8 + width, subject << ": it ends within its header (truncated). Copy it again.");
  for (std::size_t k = 0; k < width; ++k) length += std::to_integer<std::size_t>(head[8 + k]) << (8 * k);
  std::size_t const begin = 8 + width;
  VALIDATE(length <= longest_array_header - begin, subject << ": its NPY header names a length of " << length
                                                           << " bytes (it is damaged, or "
                                                           << "describes records). Save a plain array.");
  VALIDATE(head.size() >= begin + length, subject << ": it ends within its header (truncated). Copy it again.");
  std::string_view const header(reinterpret_cast<char const*>(head.data() + begin), length);

  ArrayLayout layout;
  read_type(subject, value_of(subject, header, "descr"), layout);
  layout.shape = read_shape(subject, value_of(subject, header, "shape"));
  bool const fortran = value_of(subject, header, "fortran_order").starts_with("True");
  VALIDATE(!fortran || layout.shape.size() < 2,
           subject << ": its array is in Fortran order (a record's elements are spread over the whole file). "
                   << "Save it with numpy.ascontiguousarray.");
  layout.offset = static_cast<std::int64_t>(begin + length);
  return layout;
}

}  // namespace sonde::io
