#include "base/check.hpp"
#include "io/datasets/array_layout.hpp"

namespace sonde::io {

bool is_idx(std::span<std::byte const> head) {
  if (head.size() < 4 || head[0] != std::byte{0} || head[1] != std::byte{0}) return false;
  auto const type = std::to_integer<int>(head[2]);
  auto const extents = std::to_integer<int>(head[3]);
  return (type == 8 || type == 9 || (type >= 0xb && type <= 0xe)) && extents >= 1;
}

ArrayLayout idx_layout(std::string const& subject, std::span<std::byte const> head) {
  VALIDATE(is_idx(head), subject << ": it is no IDX file (it does not start with an IDX type code). Check the file.");
  ArrayLayout layout;
  switch (std::to_integer<int>(head[2])) {
    case 0x08:
      layout.type = ElementType::uint8;
      break;
    case 0x09:
      layout.type = ElementType::int8;
      break;
    case 0x0b:
      layout.type = ElementType::int16;
      break;
    case 0x0c:
      layout.type = ElementType::int32;
      break;
    case 0x0d:
      layout.type = ElementType::float32;
      break;
    default:
      layout.type = ElementType::float64;
      break;
  }
  layout.big_endian = true;
  auto const extents = std::to_integer<std::size_t>(head[3]);
  layout.offset = 4 + 4 * static_cast<std::int64_t>(extents);
  VALIDATE(extents <= 8,
           subject << ": its IDX header names " << extents << " extents (8 are the most read). Check the file.");
  VALIDATE(head.size() >= 4 + 4 * extents,
           subject << ": it ends after " << head.size() << " bytes, within its header (truncated). Copy it again.");
  for (std::size_t i = 0; i < extents; ++i) {
    std::int64_t extent = 0;
    for (std::size_t k = 0; k < 4; ++k) extent = extent * 256 + std::to_integer<std::int64_t>(head[4 + 4 * i + k]);
    layout.shape.push_back(extent);
  }
  return layout;
}

}  // namespace sonde::io
