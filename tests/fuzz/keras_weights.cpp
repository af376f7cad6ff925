// Keras models: configuration, attributes and weights of a valid HDF5 file (container.hpp).
#include "fuzz/container.hpp"
#include "fuzz/fuzz.hpp"
#include "io/models/model_file.hpp"

using namespace sonde;

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const path = fuzz::put_container("model.h5", fuzz::text(data, size));
  io::ModelOptions options;
  options.sequence_length = 7;
  fuzz::reads([&] { io::read_model(path, options); });
  return 0;
}
