#include "io/models/onnx/window.hpp"

#include <algorithm>
#include <array>

#include "base/check.hpp"

namespace sonde::io::onnx_reader {
namespace {

/// The list `name` of one or two numbers per axis, or `otherwise` for all.
std::vector<std::int64_t> window_list(Call& call, std::string const& name, std::size_t count, std::int64_t least,
                                      std::int64_t otherwise) {
  auto const given = call.integer_list(name);
  if (!given) return std::vector<std::int64_t>(count, otherwise);
  constexpr std::int64_t largest = 1 << 16;
  VALIDATE(given->size() == count, call.where()
                                       << ": attribute '" << name << "' has " << given->size() << " numbers instead of "
                                       << count << " (only two-dimensional windows are supported).");
  VALIDATE(std::ranges::all_of(*given, [&](auto v) { return v >= least && v <= largest; }),
           call.where() << ": a number of attribute '" << name << "' is not in " << least << ".." << largest
                        << ". Check the file.");
  return *given;
}

/// Padding so that the output has ceil(extent / stride) elements.
void pad_same(Side& side, bool extra_first) {
  std::int64_t const positions = (side.extent + side.stride - 1) / side.stride;
  std::int64_t const total = std::max<std::int64_t>((positions - 1) * side.stride + side.reach() - side.extent, 0);
  side.before = extra_first ? total - total / 2 : total / 2;
  side.after = total - side.before;
}

}  // namespace

Sides read_window(Call& call, std::vector<std::int64_t> const& kernel, Shape const& image) {
  constexpr std::int64_t largest = 1 << 16;
  VALIDATE(kernel.size() == 2 && std::ranges::all_of(kernel, [](auto v) { return v > 0 && v <= largest; }),
           call.where() << ": its window is not two extents in 1.." << largest
                        << " (no others are supported). Check the file.");
  auto const strides = window_list(call, "strides", 2, 1, 1);
  auto const dilations = window_list(call, "dilations", 2, 1, 1);
  auto const pads = window_list(call, "pads", 4, 0, 0);
  std::array<Side, 2> sides;
  std::string const automatic = call.text("auto_pad", "NOTSET");
  for (std::size_t i = 0; i < 2; ++i) {
    sides[i] = {image[i], kernel[i], strides[i], dilations[i], 0, 0};
    if (automatic == "NOTSET" || automatic.empty()) {
      sides[i].before = pads[i];
      sides[i].after = pads[i + 2];
    } else if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
      pad_same(sides[i], automatic == "SAME_LOWER");
    } else {
      VALIDATE(automatic == "VALID", call.where()
                                         << ": auto_pad '" << automatic
                                         << "' is unknown (NOTSET, SAME_UPPER, SAME_LOWER and VALID are supported).");
    }
  }
  return {sides[0], sides[1]};
}

Window to_window(Sides const& sides) {
  Side const &y = sides.y, &x = sides.x;
  return {y.window, x.window, y.stride, x.stride, y.dilation, x.dilation, y.before, x.before, y.after, x.after};
}

}  // namespace sonde::io::onnx_reader
