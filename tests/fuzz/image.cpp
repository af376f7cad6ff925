// JPEG and PNG: in a folder of images, and as label images.
#include "io/datasets/image.hpp"
#include "fuzz/read_records.hpp"
#include "io/datasets/file_bytes.hpp"

using namespace sonde;

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const path = fuzz::put("images/a.png", fuzz::text(data, size));
  std::string const folder = fuzz::scratch_path("images");
  // A small file may hold an image of 64 Mi pixels; decoding it takes seconds under the sanitizers, and is no finding.
  bool small = false;
  fuzz::reads([&] { small = volume(io::image_shape(path, io::read_whole_file(path))) <= 1 << 20; });
  if (!small) return 0;
  fuzz::read_records(folder);
  io::DataOptions options;
  options.preprocess = io::parse_preprocess({"resize=5x4", "crop=3x3", "color=gray"});
  fuzz::read_records(folder, options);
  fuzz::reads([&] { io::decode_png_ids(path, io::read_whole_file(path)); });
  return 0;
}
