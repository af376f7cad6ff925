// Keras layers of sequences that are not recurrent themselves.
#pragma once

#include "io/models/keras/layer.hpp"

namespace sonde::io::keras {

/// (T, U) -> (U): the last step, or the first one of a pass that went backwards.
int add_last_step(Layer& layer, int sequence, bool backwards, std::string const& step);

/// Embedding, TimeDistributed, and textgenrnn's attention.
std::vector<LayerKind> sequence_layers();

}  // namespace sonde::io::keras
