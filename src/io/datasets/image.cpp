#include "io/datasets/image.hpp"

#include "base/check.hpp"
#include "io/datasets/file_bytes.hpp"

namespace sonde::io {

namespace {

[[noreturn]] void refuse_unknown(std::string const& path) {
  SONDE_FAIL_AS(InputError, "image " << path << ": it is neither JPEG nor PNG (its first bytes are of another format). "
                                     << "Convert it, or take it out of the folder.");
}

}  // namespace

void check_image_size(std::string const& path, std::int64_t height, std::int64_t width) {
  constexpr std::int64_t limit = std::int64_t{1} << 26;
  VALIDATE(height > 0 && width > 0 && height <= limit / width, "image " << path << ": its header says " << height << "x"
                                                                        << width
                                                                        << " pixels (64 Mi pixels are the most read). "
                                                                        << "Check the file, or scale it down.");
}

Shape image_shape(std::string const& path, std::span<std::uint8_t const> bytes) {
  if (is_jpeg(bytes)) return jpeg_shape(path, bytes);
  if (is_png(bytes)) return png_shape(path, bytes);
  refuse_unknown(path);
}

Image read_image(std::string const& path) {
  std::vector<std::uint8_t> const bytes = read_whole_file(path);
  if (is_jpeg(bytes)) return decode_jpeg(path, bytes);
  if (is_png(bytes)) return decode_png(path, bytes);
  refuse_unknown(path);
}

Image gray_to_rgb(Image const& image) {
  Image result{image.height, image.width, 3, {}};
  result.pixels.reserve(image.pixels.size() * 3);
  for (std::uint8_t value : image.pixels) result.pixels.insert(result.pixels.end(), 3, value);
  return result;
}

}  // namespace sonde::io
