// NPY data, plain or gzip; also as labels, and as images that are resized.
#include "fuzz/read_records.hpp"

using namespace sonde;

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const path = fuzz::put("data.npy", fuzz::text(data, size));
  fuzz::read_records(path);
  io::DataOptions images;
  images.preprocess = io::parse_preprocess({"resize=5x5", "crop=3x3"});
  images.input_range = {0, 255};
  fuzz::read_records(path, images);
  fuzz::reads([&] { io::read_labels(path, "", comm::Communicator()); });
  return 0;
}
