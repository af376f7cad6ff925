// The image steps of --preprocess: crop, blur, colour here; resizing in image_resize.cpp.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.hpp"
#include "io/datasets/image.hpp"
#include "io/datasets/image_resize.hpp"

namespace sonde::io {

namespace {

std::int64_t filtered_side(std::int64_t side, std::int64_t shorter, std::int64_t target) {
  return target * side / shorter;
}

// --- shapes ---

/// The part of an image a crop keeps.
struct Window {
  std::int64_t top, left, height, width;
};

Window window_of(CropCentre const& crop, Shape const& image) {
  VALIDATE(crop.height <= image[0] && crop.width <= image[1],
           "--preprocess crop=" << crop.height << "x" << crop.width << ": the image is only " << image[0] << "x"
                                << image[1] << " (a crop cannot be larger). Resize first, or crop less.");
  // nearbyint rounds half to even: torchvision's CenterCrop does int(round(difference / 2)) in Python.
  auto const start = [](std::int64_t difference) {
    return static_cast<std::int64_t>(std::nearbyint(static_cast<double>(difference) / 2));
  };
  return {start(image[0] - crop.height), start(image[1] - crop.width), crop.height, crop.width};
}

Window window_of(CropRange const& crop, Shape const& image) {
  std::int64_t const extent = crop.rows ? image[0] : image[1];
  auto const from_end = [&](std::int64_t index) { return index < 0 ? index + extent : index; };
  std::int64_t const first = from_end(crop.first);
  std::int64_t const last = crop.last ? from_end(*crop.last) : extent;
  VALIDATE(0 <= first && first < last && last <= extent,
           "--preprocess crop=" << (crop.rows ? "rows:" : "columns:") << crop.first << ":"
                                << (crop.last ? std::to_string(*crop.last) : "") << ": the image has " << extent
                                << (crop.rows ? " rows" : " columns")
                                << " (the range keeps nothing or leaves the image). Give a range within it.");
  if (crop.rows) return {first, 0, last - first, image[1]};
  return {0, first, image[0], last - first};
}

Shape after(ResizeTo const& step, Shape const& image) { return {step.height, step.width, image[2]}; }
Shape after(ResizeShorter const& step, Shape const& image) {
  std::int64_t const shorter = std::min(image[0], image[1]);
  return {filtered_side(image[0], shorter, step.side), filtered_side(image[1], shorter, step.side), image[2]};
}
template <class Crop>
Shape after_crop(Crop const& step, Shape const& image) {
  Window const window = window_of(step, image);
  return {window.height, window.width, image[2]};
}
Shape after(CropCentre const& step, Shape const& image) { return after_crop(step, image); }
Shape after(CropRange const& step, Shape const& image) { return after_crop(step, image); }
Shape after(Blur const&, Shape const& image) { return image; }
Shape after(Recolor const& step, Shape const& image) { return {image[0], image[1], step.color == Color::gray ? 1 : 3}; }

Shape after(ImageStep const& step, Shape const& image) {
  constexpr std::int64_t limit = std::int64_t{1} << 26;
  Shape const shape = std::visit([&](auto const& s) { return after(s, image); }, step);
  VALIDATE(shape[0] > 0 && shape[1] > 0 && shape[0] <= limit / shape[1],
           "--preprocess: an image of " << to_string(image) << " would become " << to_string(shape)
                                        << " (64 Mi pixels are the most held). Give a smaller size.");
  return shape;
}

// --- the other steps ---

Image crop(Image const& image, Window const& window) {
  Image result{window.height, window.width, image.channels, {}};
  for (std::int64_t y = 0; y < window.height; ++y) {
    auto const* line = image.pixels.data() + ((window.top + y) * image.width + window.left) * image.channels;
    result.pixels.insert(result.pixels.end(), line, line + window.width * image.channels);
  }
  return result;
}

/// Index mirrored at the edges without repeating them (OpenCV's BORDER_REFLECT_101).
std::int64_t mirrored(std::int64_t index, std::int64_t extent) {
  if (extent == 1) return 0;
  while (index < 0 || index >= extent) index = index < 0 ? -index : 2 * (extent - 1) - index;
  return index;
}

/// Binomial weights, which OpenCV takes for a Gaussian of width 3 or 5; exact sums, rounded once.
Image blur(Image const& image, int width) {
  static constexpr std::array<int, 3> narrow = {1, 2, 1};
  static constexpr std::array<int, 5> wide = {1, 4, 6, 4, 1};
  std::span<int const> const weights = width == 3 ? std::span<int const>(narrow) : std::span<int const>(wide);
  int const reach = width / 2;
  int const total = width == 3 ? 16 : 256;
  Image result{image.height, image.width, image.channels, {}};
  result.pixels.reserve(image.pixels.size());
  for (std::int64_t y = 0; y < image.height; ++y) {
    for (std::int64_t x = 0; x < image.width; ++x) {
      for (std::int64_t c = 0; c < image.channels; ++c) {
        int sum = total / 2;
        for (int i = 0; i < width; ++i) {
          std::int64_t const row = mirrored(y + i - reach, image.height);
          for (int j = 0; j < width; ++j) {
            std::int64_t const column = mirrored(x + j - reach, image.width);
            sum += weights[i] * weights[j] *
                   image.pixels[static_cast<std::size_t>((row * image.width + column) * image.channels + c)];
          }
        }
        result.pixels.push_back(static_cast<std::uint8_t>(sum / total));
      }
    }
  }
  return result;
}

/// ITU-R 601-2 luma in 16-bit fixed point, as PIL's convert("L").
Image to_gray(Image const& image) {
  Image result{image.height, image.width, 1, {}};
  for (std::size_t i = 0; i + 2 < image.pixels.size(); i += 3) {
    int const sum = 19595 * image.pixels[i] + 38470 * image.pixels[i + 1] + 7471 * image.pixels[i + 2] + 0x8000;
    result.pixels.push_back(static_cast<std::uint8_t>(sum >> 16));
  }
  return result;
}

/// BT.601, full range, in 14-bit fixed point, as OpenCV's cvtColor with COLOR_RGB2YUV on 8 bits.
Image to_yuv(Image image) {
  constexpr int half = 1 << 13;
  auto const byte = [](int value) { return static_cast<std::uint8_t>(std::clamp(value, 0, 255)); };
  for (std::size_t i = 0; i + 2 < image.pixels.size(); i += 3) {
    int const r = image.pixels[i];
    int const g = image.pixels[i + 1];
    int const b = image.pixels[i + 2];
    int const y = (4899 * r + 9617 * g + 1868 * b + half) >> 14;
    image.pixels[i] = byte(y);
    image.pixels[i + 1] = byte((8061 * (b - y) + (128 << 14) + half) >> 14);
    image.pixels[i + 2] = byte((14369 * (r - y) + (128 << 14) + half) >> 14);
  }
  return image;
}

Image done(ResizeTo const& step, Image image) { return resize(std::move(image), step.height, step.width, step.filter); }
Image done(ResizeShorter const& step, Image image) {
  Shape const size = after(step, image.shape());
  return resize(std::move(image), size[0], size[1], step.filter);
}
Image done(CropCentre const& step, Image image) { return crop(image, window_of(step, image.shape())); }
Image done(CropRange const& step, Image image) { return crop(image, window_of(step, image.shape())); }
Image done(Blur const& step, Image image) { return blur(image, step.width); }
Image done(Recolor const& step, Image image) {
  if (step.color == Color::gray) return image.channels == 1 ? image : to_gray(image);
  if (image.channels == 1) image = gray_to_rgb(image);
  return step.color == Color::yuv ? to_yuv(std::move(image)) : image;
}

}  // namespace

Shape shape_after(std::vector<ImageStep> const& steps, Shape const& image) {
  Shape shape = image;
  for (ImageStep const& step : steps) shape = after(step, shape);
  return shape;
}

Image apply_steps(std::vector<ImageStep> const& steps, Image image) {
  for (ImageStep const& step : steps) {
    static_cast<void>(after(step, image.shape()));  // refuses what is impossible
    image = std::visit([&](auto const& s) { return done(s, std::move(image)); }, step);
  }
  return image;
}

}  // namespace sonde::io
