// ONNX models.
#include "fuzz/fuzz.hpp"
#include "io/models/model_file.hpp"

using namespace sonde;

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const path = fuzz::put("model.onnx", fuzz::text(data, size));
  io::ModelOptions options;
  options.sequence_length = 7;
  fuzz::reads([&] { io::read_model(path, options); });
  return 0;
}
