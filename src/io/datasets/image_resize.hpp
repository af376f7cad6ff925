// Resampling of 8-bit images.
#pragma once

#include "io/datasets/image.hpp"

namespace sonde::io {

/// The image at another size. bilinear equals PIL's BILINEAR bit for bit, area OpenCV's INTER_AREA when both sides
/// shrink by ratios that are not both whole numbers (there OpenCV rounds halves up, here they go to the even
/// neighbour).
Image resize(Image image, std::int64_t height, std::int64_t width, ResizeFilter filter);

}  // namespace sonde::io
