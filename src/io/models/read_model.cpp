// Chooses the reader of a model file by what the file holds.
#include <array>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "base/check.hpp"
#include "io/models/model_file.hpp"

namespace sonde::io {

ModelFile read_model(std::string const& path, ModelOptions const& options) {
  VALIDATE(!std::filesystem::is_directory(path),
           "model " << path << ": it is a folder (a TensorFlow SavedModel?). Save it as one .h5 or .onnx file.");
  std::error_code ignored;
  VALIDATE(
      !std::filesystem::exists(path, ignored) || std::filesystem::is_regular_file(path, ignored),
      "model " << path << ": it is no regular file (a pipe or device would be waited for). Give the name of a file.");
  std::ifstream file(path, std::ios::binary);
  VALIDATE(file, "model " << path << ": it cannot be opened (missing, or not readable). Check the path.");
  std::array<char, 8> start{};
  file.read(start.data(), start.size());
  std::string_view const signature(start.data(), static_cast<std::size_t>(file.gcount()));
  VALIDATE(!signature.empty(), "model " << path << ": it is empty (nothing can be read). Copy it again.");
  VALIDATE(!signature.starts_with("PK\x03\x04"),
           "model " << path << ": it is a ZIP archive, as .keras files are (sonde reads Keras models as HDF5). "
                    << "Save it again with model.save(\"model.h5\").");
  if (signature == std::string_view("\x89HDF\r\n\x1a\n", 8)) return read_keras(path, options);
  return read_onnx(path, options);
}

}  // namespace sonde::io
