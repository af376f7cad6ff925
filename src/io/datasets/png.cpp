// PNG through libpng, whose errors longjmp as in jpeg.cpp.
#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "base/check.hpp"
#include "io/datasets/image.hpp"

namespace sonde::io {

namespace {

struct Reader {
  png_structp png = nullptr;
  png_infop info = nullptr;
  unsigned char const* bytes = nullptr;
  std::size_t size = 0, used = 0;
  char message[128] = "out of memory";
};

[[noreturn]] void leave(png_structp png, png_const_charp message) {
  auto* reader = static_cast<Reader*>(png_get_error_ptr(png));
  std::snprintf(reader->message, sizeof reader->message, "%s", message);
  png_longjmp(png, 1);
}

void ignore_warning(png_structp, png_const_charp) {}

void read_bytes(png_structp png, png_bytep target, std::size_t count) {
  auto* reader = static_cast<Reader*>(png_get_io_ptr(png));
  if (count > reader->size - reader->used) png_error(png, "it ends too early");
  std::memcpy(target, reader->bytes + reader->used, count);
  reader->used += count;
}

bool open(Reader* reader) {
  reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, leave, ignore_warning);
  if (reader->png == nullptr) return false;
  if (setjmp(png_jmpbuf(reader->png)) != 0) return false;
  reader->info = png_create_info_struct(reader->png);
  if (reader->info == nullptr) return false;
  png_set_read_fn(reader->png, reader, read_bytes);
  png_read_info(reader->png, reader->info);
  return true;
}

/// pixels (height, width, channels), 8 bits each: palettes become RGB, fewer bits are scaled up, alpha is dropped. With
/// `ids` samples stay as they are stored: indices of the palette, or gray values of fewer bits.
bool decode(Reader* reader, unsigned char* pixels, std::size_t row, bool ids) {
  if (setjmp(png_jmpbuf(reader->png)) != 0) return false;
  if (ids)
    png_set_packing(reader->png);
  else
    png_set_expand(reader->png);
  png_set_strip_alpha(reader->png);
  int const passes = png_set_interlace_handling(reader->png);
  png_read_update_info(reader->png, reader->info);
  if (png_get_rowbytes(reader->png, reader->info) != row) png_error(reader->png, "its rows have an unexpected size");
  png_uint_32 const height = png_get_image_height(reader->png, reader->info);
  for (int pass = 0; pass < passes; ++pass) {
    for (png_uint_32 y = 0; y < height; ++y) png_read_row(reader->png, pixels + row * y, nullptr);
  }
  png_read_end(reader->png, nullptr);
  return true;
}

/// Opened on construction; frees libpng's memory on every way out.
class Decoder {
 public:
  Decoder(std::string const& path, std::span<std::uint8_t const> bytes) {
    reader_.bytes = bytes.data();
    reader_.size = bytes.size();
    if (!open(&reader_)) {
      close();
      refuse(path);
    }
  }
  ~Decoder() { close(); }
  Decoder(Decoder const&) = delete;
  Decoder& operator=(Decoder const&) = delete;

  /// Throws InputError for sizes and depths that cannot be read.
  Shape shape(std::string const& path) const {
    std::int64_t const height = png_get_image_height(reader_.png, reader_.info);
    std::int64_t const width = png_get_image_width(reader_.png, reader_.info);
    check_image_size(path, height, width);
    VALIDATE(
        png_get_bit_depth(reader_.png, reader_.info) <= 8,
        "image "
            << path
            << ": it has 16 bits a channel (images are read as 8 bits). Convert it, or give the data as NPY or HDF5.");
    bool const color = (png_get_color_type(reader_.png, reader_.info) & PNG_COLOR_MASK_COLOR) != 0;
    return {height, width, color ? 3 : 1};
  }

  void decode_to(std::string const& path, Image& image, bool ids) {
    auto const row = static_cast<std::size_t>(image.width * image.channels);
    if (!decode(&reader_, image.pixels.data(), row, ids)) refuse(path);
  }

  /// Whether a pixel is one number: gray, or an index of a palette.
  bool one_sample() const {
    int const type = png_get_color_type(reader_.png, reader_.info);
    return type == PNG_COLOR_TYPE_PALETTE || (type & PNG_COLOR_MASK_COLOR) == 0;
  }

 private:
  void close() { png_destroy_read_struct(&reader_.png, &reader_.info, nullptr); }

  [[noreturn]] void refuse(std::string const& path) const {
    SONDE_FAIL_AS(InputError,
                  "image " << path << ": it cannot be decoded (" << reader_.message
                           << "). The file is damaged or truncated: copy it again, or take it out of the folder.");
  }

  Reader reader_;
};

}  // namespace

bool is_png(std::span<std::uint8_t const> bytes) { return bytes.size() >= 8 && png_sig_cmp(bytes.data(), 0, 8) == 0; }

Shape png_shape(std::string const& path, std::span<std::uint8_t const> bytes) {
  return Decoder(path, bytes).shape(path);
}

Image decode_png(std::string const& path, std::span<std::uint8_t const> bytes) {
  Decoder decoder(path, bytes);
  Shape const shape = decoder.shape(path);
  Image image{shape[0], shape[1], shape[2], std::vector<std::uint8_t>(static_cast<std::size_t>(volume(shape)))};
  decoder.decode_to(path, image, false);
  return image;
}

Image decode_png_ids(std::string const& path, std::span<std::uint8_t const> bytes) {
  VALIDATE(is_png(bytes),
           "image " << path << ": it is no PNG (images of class ids must keep every value). Convert it.");
  Decoder decoder(path, bytes);
  Shape const shape = decoder.shape(path);
  VALIDATE(decoder.one_sample(),
           "image " << path << ": it has colours (a class id is one number). Store ids as gray values or a palette.");
  Image image{shape[0], shape[1], 1, std::vector<std::uint8_t>(static_cast<std::size_t>(shape[0] * shape[1]))};
  decoder.decode_to(path, image, true);
  return image;
}

}  // namespace sonde::io
