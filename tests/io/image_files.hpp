// JPEG and PNG files made for the tests.
#pragma once

#include <cstddef>
#include <cstdio>

#include <jpeglib.h>
#include <png.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "io/datasets/image.hpp"

namespace sonde::test {

/// value(y, x, c) = (37 y + 11 x + 5 c + 3 x y) mod 256
inline io::Image pattern(std::int64_t height, std::int64_t width, std::int64_t channels = 3) {
  io::Image image{height, width, channels, {}};
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      for (std::int64_t c = 0; c < channels; ++c)
        image.pixels.push_back(static_cast<std::uint8_t>(37 * y + 11 * x + 5 * c + 3 * x * y));
    }
  }
  return image;
}

/// PNG bytes of `pixels` of a PNG_FORMAT_ kind; `colormap` is for palettes.
inline std::string png_bytes(std::int64_t height, std::int64_t width, png_uint_32 format, void const* pixels,
                             void const* colormap = nullptr, unsigned colors = 0) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.height = static_cast<png_uint_32>(height);
  image.width = static_cast<png_uint_32>(width);
  image.format = format;
  image.colormap_entries = colors;
  png_alloc_size_t size = 0;
  png_image_write_to_memory(&image, nullptr, &size, 0, pixels, 0, colormap);
  std::string bytes(size, '\0');
  png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels, 0, colormap);
  bytes.resize(size);
  return bytes;
}

inline std::string png_bytes(io::Image const& image) {
  return png_bytes(image.height, image.width, image.channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB,
                   image.pixels.data());
}

/// JPEG bytes, quality 95; 4 channels are written as CMYK.
inline std::string jpeg_bytes(io::Image const& image) {
  jpeg_compress_struct info = {};
  jpeg_error_mgr errors = {};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* target = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &target, &size);
  info.image_height = static_cast<JDIMENSION>(image.height);
  info.image_width = static_cast<JDIMENSION>(image.width);
  info.input_components = static_cast<int>(image.channels);
  info.in_color_space = image.channels == 1 ? JCS_GRAYSCALE : image.channels == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 95, TRUE);
  jpeg_start_compress(&info, TRUE);
  for (std::int64_t y = 0; y < image.height; ++y) {
    auto* line = const_cast<unsigned char*>(image.pixels.data() + y * image.width * image.channels);
    jpeg_write_scanlines(&info, &line, 1);
  }
  jpeg_finish_compress(&info);
  std::string bytes(reinterpret_cast<char const*>(target), size);
  jpeg_destroy_compress(&info);
  std::free(target);
  return bytes;
}

}  // namespace sonde::test
