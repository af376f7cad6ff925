// Keras models: HDF5 files with the architecture inside, or weights with the architecture in a .json beside them.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/check.hpp"
#include "io/models/keras/graph.hpp"
#include "io/provenance.hpp"

namespace sonde::io {
namespace {

/// The same-named .json of a weights-only file.
std::string architecture_path(std::string const& path) {
  return std::filesystem::path(path).replace_extension(".json").string();
}

std::string read_architecture(std::string const& path, std::string const& json_path) {
  std::error_code ignored;
  bool const is_file = std::filesystem::is_regular_file(json_path, ignored);  // a pipe would be waited for
  std::ifstream file(is_file ? json_path : "", std::ios::binary);
  VALIDATE(file, "model " << path << ": it holds weights only and " << json_path
                          << " cannot be read (the architecture is needed too). Write model.to_json() into that file, "
                          << "or save the full model with model.save().");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// A setting of the file, or of the architecture when that stands alone.
std::string setting(keras::WeightFile const& file, keras::Json const& model, char const* key) {
  if (auto const value = file.attribute(key)) return *value;
  return keras::has(model, key) && model[key].is_string() ? model[key].get<std::string>() : "";
}

/// Refuses layers that no memory holds: they are declared with a few digits.
void check_sizes(ModelFile const& model) {
  constexpr std::int64_t limit = std::int64_t{1} << 31;
  for (Node const& node : model.nodes) {
    VALIDATE(volume(node.shape) <= limit, "model " << model.path << ", layer " << node.name << ": one sample takes "
                                                   << to_string(node.shape)
                                                   << " numbers (more than 2^31). Check the architecture.");
  }
}

}  // namespace

ModelFile read_keras(std::string const& path, ModelOptions const& options) {
  std::string const where = "model " + path;
  keras::WeightFile file(path);
  std::vector<std::string> sources{path};
  std::optional<std::string> text = file.attribute("model_config");
  if (!text) {
    VALIDATE(file.has_layers(),
             where << ": it is an HDF5 file but no Keras model (it has neither model_config nor layer_names). "
                   << "Give a file that model.save() or model.save_weights() wrote.");
    sources.push_back(architecture_path(path));
    text = read_architecture(path, sources.back());
  }
  keras::Json const model = keras::parse_json(*text, where);
  keras::check_supported(model, where);
  keras::ModelInput input = keras::model_input(model, where);
  bool const open = !input.shape.empty() && input.shape.size() <= 2 && input.shape.front() < 0;
  if (open && keras::takes_sequences(model, where)) input.shape.front() = open_length(path, options);
  ModelBuilder builder(path, "keras", std::move(input.shape), std::move(input.name));
  keras::Context context{path, file, builder, options};
  std::string const version = setting(file, model, "keras_version");
  context.keras_major =
      !version.empty() && version.front() >= '0' && version.front() <= '9' ? version.front() - '0' : 2;
  // Keras 2.3 and tf.keras 2 changed the default.
  bool const early = version.starts_with("2.0") || version.starts_with("2.1") || version.starts_with("2.2");
  context.hard_gates = context.keras_major == 1 || (early && !version.ends_with("-tf"));
  context.theano = setting(file, model, "backend") == "theano";
  int const output = keras::add_model(context, model, 0);
  ModelFile result = std::move(builder).finish(output);
  check_sizes(result);
  result.sha256 = sources.size() == 1 ? sha256_of_file(path) : sha256_of_files(sources);
  return result;
}

std::vector<std::string> keras_layer_names() {
  std::vector<std::string> names = keras::structure_names();
  for (keras::LayerKind const& kind : keras::layer_kinds()) names.push_back(kind.name);
  return names;
}

}  // namespace sonde::io
