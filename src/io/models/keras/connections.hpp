// What the architecture of a Keras model says about its layers and how they are connected.
#pragma once

#include <utility>

#include "io/models/keras/config.hpp"

namespace sonde::io::keras {

/// Whether a class is a model, which may stand as a layer in another one.
bool is_model(std::string const& class_name);

/// Class and name of a layer or model. Like all functions here they throw InputError, naming `where`, for what Keras
/// does not write.
std::string class_of(Json const& layer, std::string const& where);
std::string name_of(Json const& layer, std::string const& where);

/// The layers of a model; at least one.
Json const& layers_of(Json const& model, std::string const& where);

/// The output of a layer's use number `index`.
using Reference = std::pair<std::string, std::int64_t>;

/// One use of a layer in a functional model.
struct Use {
  Json const* layer = nullptr;
  Reference self;
  std::vector<Reference> inputs;
};

/// The only entry of "input_layers" or "output_layers" of a functional model.
Reference only_end(Json const& model, char const* key, std::string const& where);

/// Every use of every layer but the input, in the order of the file.
std::vector<Use> collect_uses(Json const& model, std::string const& where);

}  // namespace sonde::io::keras
