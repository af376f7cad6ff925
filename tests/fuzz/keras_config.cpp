// The configuration of a Keras model: in its HDF5 file, and in a .json beside its weights. The layers have no weights.
#include "fuzz/container.hpp"
#include "fuzz/fuzz.hpp"
#include "io/models/model_file.hpp"

using namespace sonde;

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const json = fuzz::text(data, size);
  static std::string const path = fuzz::put_container("weights.h5", "texts / layer_names");
  fuzz::put("weights.json", json);
  io::ModelOptions options;
  options.sequence_length = 7;
  options.lambdas["lambda_1"] = {0.5F, -1.0F};
  fuzz::reads([&] { io::read_model(path, options); });
  return 0;
}
