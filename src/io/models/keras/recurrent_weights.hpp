// The weights of a recurrent Keras layer, from the layouts the versions of Keras and cuDNN write, in the order of
// io::Recurrent.
#pragma once

#include "io/models/keras/layer.hpp"

namespace sonde::io::keras {

/// One direction of one layer.
struct RecurrentShape {
  RecurrentKind kind = RecurrentKind::lstm;
  std::int64_t inputs = 0, units = 0;
  bool use_bias = true;
  bool cudnn = false;        // a CuDNN layer; LSTM and GRU are recognised as such by their bias
  bool reset_after = false;  // of a GRU; cuDNN's always do

  std::int64_t gates() const { return gate_count(kind); }
};

struct RecurrentWeights {
  Weights kernel, recurrent;  // (inputs, gates units), (units, gates units)
  Weights bias;               // (gates units) or null
  Weights inner_bias;         // (units), of a candidate inside the reset, or null
  bool reset_after = false;
};

/// Reads the layer's weights from number `first` on, of `count`. Throws InputError when they are not such weights.
RecurrentWeights read_recurrent_weights(Layer& layer, RecurrentShape const& shape, std::size_t first,
                                        std::size_t count);

}  // namespace sonde::io::keras
