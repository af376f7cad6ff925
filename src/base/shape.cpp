#include "base/shape.hpp"

#include "base/check.hpp"

namespace sonde {

std::int64_t volume(Shape const& shape) {
  constexpr std::int64_t limit = std::int64_t{1} << 40;
  std::int64_t product = 1;
  for (std::int64_t extent : shape) {
    VALIDATE(extent >= 0,
             "shape " << to_string(shape) << ": an extent is negative (a tensor cannot have it). Check the file.");
    VALIDATE(extent == 0 || product <= limit / extent,
             "shape " << to_string(shape) << ": more than 2^40 elements (no tensor is that large). Check the file.");
    product *= extent;
  }
  return product;
}

std::string to_string(Shape const& shape) {
  if (shape.empty()) return "scalar";
  std::string text;
  for (std::int64_t extent : shape) {
    if (!text.empty()) text += 'x';
    text += std::to_string(extent);
  }
  return text;
}

}  // namespace sonde
