// 8-bit images: reading them from JPEG and PNG, and the steps of --preprocess.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/preprocess.hpp"

namespace sonde::io {

/// Interleaved pixels, row by row: (height, width, channels), 1 channel gray or 3.
struct Image {
  std::int64_t height = 0, width = 0, channels = 0;
  std::vector<std::uint8_t> pixels;

  Shape shape() const { return {height, width, channels}; }
};

/// Shape of a JPEG or PNG from its header; nothing is decoded. `bytes` are those of the file `path`. Throws InputError
/// naming `path` when it is neither, or of a kind that cannot be read: CMYK, 16 bits a channel, more than 64 Mi pixels.
Shape image_shape(std::string const& path, std::span<std::uint8_t const> bytes);

/// Decodes a JPEG or PNG: gray stays 1 channel, palettes become RGB, alpha is dropped (as PIL's convert("RGB") does),
/// EXIF orientation is not applied. Throws InputError naming `path` when it is truncated or damaged.
Image read_image(std::string const& path);

/// Shape after `steps`. Throws InputError naming the step that is impossible, e.g. a crop larger than the image.
Shape shape_after(std::vector<ImageStep> const& steps, Shape const& image);

/// Does `steps` in their order. Errors as shape_after.
Image apply_steps(std::vector<ImageStep> const& steps, Image image);

/// (H, W, 1) -> (H, W, 3) by copies.
Image gray_to_rgb(Image const& image);

// One per format, over the bytes of a file; `path` is for messages.
bool is_jpeg(std::span<std::uint8_t const> bytes);
bool is_png(std::span<std::uint8_t const> bytes);
Shape jpeg_shape(std::string const& path, std::span<std::uint8_t const> bytes);
Shape png_shape(std::string const& path, std::span<std::uint8_t const> bytes);
Image decode_jpeg(std::string const& path, std::span<std::uint8_t const> bytes);
Image decode_png(std::string const& path, std::span<std::uint8_t const> bytes);

/// Decodes a PNG of class ids: gray values and indices of a palette as they are stored; (height, width, 1). Throws
/// InputError naming `path` for colours, another format, 16 bits, and when it is truncated or damaged.
Image decode_png_ids(std::string const& path, std::span<std::uint8_t const> bytes);

/// Throws InputError when an image of that size must not be allocated.
void check_image_size(std::string const& path, std::int64_t height, std::int64_t width);

}  // namespace sonde::io
