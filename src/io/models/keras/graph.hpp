// From the architecture of a Keras model to nodes.
#pragma once

#include "io/models/keras/layer.hpp"

namespace sonde::io::keras {

/// Throws InputError naming the first layer that is not supported, before anything else is complained about.
void check_supported(Json const& model, std::string const& where);

/// Whether the model has layers for sequences.
bool takes_sequences(Json const& model, std::string const& where);

/// The input of a model: shape without the batch (-1 where the file leaves an extent open) and the name of its layer.
struct ModelInput {
  Shape shape;
  std::string name;
};

/// Throws InputError when the model has several inputs or states none.
ModelInput model_input(Json const& model, std::string const& where);

/// Adds the layers of a Sequential or functional model, reading node `input`. Returns the node of its output.
int add_model(Context& context, Json const& model, int input);

/// What stands beside layers: models and the input.
std::vector<std::string> structure_names();

}  // namespace sonde::io::keras
