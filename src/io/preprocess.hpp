// What happens between a data file and a model: --preprocess KEY=VALUE[,KEY=VALUE...], one or several times.
//
//   stored part  what a data set returns: done to 8-bit images in the order written
//     resize=HxW[:FILTER]         both sides, e.g. resize=224x224
//     resize=shorter:S[:FILTER]   shorter side to S, the other in proportion (rounded down, as torchvision does)
//                                 FILTER  bilinear  triangle filter widened when shrinking, as PIL (default)
//                                         area      mean over the covered rectangle, as OpenCV when it shrinks
//                                         nearest   the pixel at the centre, as PIL
//     crop=HxW                    centre; an odd remainder is halved as torchvision does (half to even)
//     crop=rows:A:B               rows A to B-1; a negative number counts from the end, an empty B is the end
//     crop=columns:A:B            the same for columns
//     blur=3|5                    Gaussian of that width with OpenCV's default weights, edges mirrored
//     color=rgb|gray|yuv          gray as PIL's "L" (ITU-R 601-2), yuv as OpenCV's RGB2YUV (BT.601, full range)
//     shape=HxWxC                 arrays and tables: the shape of one sample in its stored order
//     layout=hwc|chw              arrays: chw when the channels come first; rows are returned as hwc
//   model part   what a model sees: model value = (stored * scale - mean) / std
//     scale=S                     number or fraction, e.g. scale=1/255
//     mean=M[:M...] std=S[:S...]  one for all channels, or one each in the order of the model's channels
//     channels=rgb|bgr            the model's order; images are stored as rgb
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/shape.hpp"

namespace sonde::io {

enum class ResizeFilter { bilinear, area, nearest };
enum class Color { rgb, gray, yuv };

struct ResizeTo {
  std::int64_t height, width;
  ResizeFilter filter;
};
struct ResizeShorter {
  std::int64_t side;
  ResizeFilter filter;
};
struct CropCentre {
  std::int64_t height, width;
};
/// Keeps [first, last) of the rows or columns; negative numbers count from the end, no `last` is the end.
struct CropRange {
  bool rows;
  std::int64_t first;
  std::optional<std::int64_t> last;
};
struct Blur {
  int width;  // 3 or 5
};
struct Recolor {
  Color color;
};
using ImageStep = std::variant<ResizeTo, ResizeShorter, CropCentre, CropRange, Blur, Recolor>;

/// The model domain as an affine map of the stored one: model value = (stored * scale - mean) / std.
struct ModelDomain {
  double scale = 1;
  std::vector<double> mean = {0};  // one, or one per channel of the model
  std::vector<double> std = {1};
  bool bgr = false;
};

struct Preprocess {
  std::vector<ImageStep> steps;  // in the order to be done
  Shape shape;                   // empty: as the file says
  bool channels_first = false;
  ModelDomain model;
};

/// Parses the values of all --preprocess options, in their order. Throws InputError naming the key for an unknown key
/// or value, and for a key other than resize, crop, blur and color that stands twice.
Preprocess parse_preprocess(std::vector<std::string> const& options);

/// The text above, for --help.
std::string preprocess_help();

/// A model's input from x = (stored - lo) / (hi - lo): model[.., c] = x[.., source[c]] * scale[c] + shift[c].
struct ChannelMap {
  std::vector<std::int32_t> source;
  std::vector<float> scale, shift;
};

/// Composes the model domain with stored = lo + x * (hi - lo), for `channels` channels (features of a table).
/// Throws InputError when the number of means or stds is neither 1 nor `channels`, or bgr is asked of other than 3
/// channels.
ChannelMap channel_map(ModelDomain const& model, double lo, double hi, std::int64_t channels);

}  // namespace sonde::io
