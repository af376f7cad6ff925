// JPEG through libjpeg-turbo.
//
// libjpeg reports errors by a callback that must not return; it longjmps to the setjmp of the function that called it.
// So these functions hold no C++ object with a destructor, and the exception is thrown after libjpeg has been left.
#include <cstddef>
#include <cstdio>

#include <jerror.h>
#include <jpeglib.h>
#include <csetjmp>

#include "base/check.hpp"
#include "io/datasets/image.hpp"

namespace sonde::io {

namespace {

struct Reader {
  jpeg_error_mgr errors;  // first: libjpeg hands back a pointer to it
  jpeg_progress_mgr progress;
  jpeg_decompress_struct info;
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
};

[[noreturn]] void leave(j_common_ptr info) {
  auto* reader = reinterpret_cast<Reader*>(info->err);
  info->err->format_message(info, reader->message);
  std::longjmp(reader->jump, 1);
}

/// Warnings mean that libjpeg goes on with invented pixels (grey after a truncation); stray bytes alone are harmless.
void on_message(j_common_ptr info, int level) {
  if (level < 0 && info->err->msg_code != JWRN_EXTRANEOUS_DATA) leave(info);
}

/// A small file may hold thousands of scans, each of which costs a pass over the image.
void on_progress(j_common_ptr info) {
  auto* reader = reinterpret_cast<Reader*>(info->err);
  if (reader->info.input_scan_number > 500) {
    std::snprintf(reader->message, sizeof reader->message, "more than 500 scans");
    std::longjmp(reader->jump, 1);
  }
}

bool open(Reader* reader, unsigned char const* bytes, std::size_t size) {
  reader->info = {};
  reader->progress = {};
  reader->info.err = jpeg_std_error(&reader->errors);
  reader->errors.error_exit = leave;
  reader->errors.emit_message = on_message;
  if (setjmp(reader->jump) != 0) return false;
  jpeg_create_decompress(&reader->info);
  reader->progress.progress_monitor = on_progress;
  reader->info.progress = &reader->progress;
  jpeg_mem_src(&reader->info, bytes, size);
  jpeg_read_header(&reader->info, TRUE);
  return true;
}

/// pixels (height, width, channels)
bool decode(Reader* reader, unsigned char* pixels) {
  if (setjmp(reader->jump) != 0) return false;
  reader->info.out_color_space = reader->info.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_start_decompress(&reader->info);
  std::size_t const row =
      std::size_t{reader->info.output_width} * static_cast<std::size_t>(reader->info.output_components);
  while (reader->info.output_scanline < reader->info.output_height) {
    JSAMPROW line = pixels + row * reader->info.output_scanline;
    jpeg_read_scanlines(&reader->info, &line, 1);
  }
  jpeg_finish_decompress(&reader->info);
  return true;
}

[[noreturn]] void refuse(std::string const& path, Reader const& reader) {
  SONDE_FAIL_AS(InputError,
                "image " << path << ": it cannot be decoded (" << reader.message
                         << "). The file is damaged or truncated: copy it again, or take it out of the folder.");
}

/// Opened on construction; frees libjpeg's memory on every way out.
class Decoder {
 public:
  Decoder(std::string const& path, std::span<std::uint8_t const> bytes) {
    if (!open(&reader_, bytes.data(), bytes.size())) {
      jpeg_destroy_decompress(&reader_.info);
      refuse(path, reader_);
    }
  }
  ~Decoder() { jpeg_destroy_decompress(&reader_.info); }
  Decoder(Decoder const&) = delete;
  Decoder& operator=(Decoder const&) = delete;

  /// Throws InputError for sizes and colours that cannot be read.
  Shape shape(std::string const& path) const {
    check_image_size(path, reader_.info.image_height, reader_.info.image_width);
    int const components = reader_.info.num_components;
    VALIDATE(components == 1 || components == 3,
             "image " << path << ": it has " << components
                      << " colour components (gray and RGB are read, CMYK is not). Convert it.");
    return {reader_.info.image_height, reader_.info.image_width, components};
  }

  void decode_to(std::string const& path, std::vector<std::uint8_t>& pixels) {
    if (!decode(&reader_, pixels.data())) refuse(path, reader_);
  }

 private:
  Reader reader_;
};

}  // namespace

bool is_jpeg(std::span<std::uint8_t const> bytes) {
  return bytes.size() > 3 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff;
}

Shape jpeg_shape(std::string const& path, std::span<std::uint8_t const> bytes) {
  return Decoder(path, bytes).shape(path);
}

Image decode_jpeg(std::string const& path, std::span<std::uint8_t const> bytes) {
  Decoder decoder(path, bytes);
  Shape const shape = decoder.shape(path);
  Image image{shape[0], shape[1], shape[2], std::vector<std::uint8_t>(static_cast<std::size_t>(volume(shape)))};
  decoder.decode_to(path, image.pixels);
  return image;
}

}  // namespace sonde::io
