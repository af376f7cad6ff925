// Recurrent Keras layers: a Dense node for the input's product of all steps, then a recurrent node.
//
// The units of a layer are its outputs at every step, whatever it returns: the layer is counted there. Nodes NAME.cell
// and NAME.gates stand beside it for those who ask for them. A stateful layer starts every record from 0.
#include "base/check.hpp"
#include "io/models/keras/layer.hpp"
#include "io/models/keras/recurrent_weights.hpp"
#include "io/models/keras/sequence.hpp"

namespace sonde::io::keras {
namespace {

/// What a layer's class says.
struct RecurrentClass {
  char const* name;
  RecurrentKind kind;
  bool cudnn;
};

constexpr RecurrentClass classes[]{{"LSTM", RecurrentKind::lstm, false},
                                   {"GRU", RecurrentKind::gru, false},
                                   {"SimpleRNN", RecurrentKind::simple_rnn, false},
                                   {"CuDNNLSTM", RecurrentKind::lstm, true},
                                   {"CuDNNGRU", RecurrentKind::gru, true}};

/// One direction of a recurrent layer.
struct Direction {
  RecurrentClass const& type;
  LayerConfig const& config;
  std::size_t first_weight, weights;
  bool backwards;
  std::string step;  // "" or "forward."
};

/// Adds nodes for the states, and on request for gates and cell; returns that of the states, (T, U).
int add_direction(Layer& layer, Direction const& d) {
  Shape const in = layer.input_shape();
  VALIDATE(in.size() == 2, layer.where() << ": its input has shape " << to_string(in)
                                         << " (it takes steps of features). Check the architecture.");
  std::int64_t const units = d.config.integer({"units", "output_dim"});
  constexpr std::int64_t most = 1 << 24;
  VALIDATE(units > 0 && units <= most,
           layer.where() << ": it has " << units << " units (1 to " << most << " are supported). Check the file.");
  RecurrentShape shape{d.type.kind, in[1], units};
  shape.use_bias = d.config.flag({"use_bias"}, true);
  shape.cudnn = d.type.cudnn;
  shape.reset_after = d.config.flag({"reset_after"}, false);
  RecurrentWeights weights = read_recurrent_weights(layer, shape, d.first_weight, d.weights);

  Recurrent op;
  op.kind = d.type.kind;
  op.weights = weights.recurrent;
  op.bias = weights.inner_bias;
  op.reset_after = weights.reset_after;
  op.backwards = d.backwards;
  std::string const gate = layer.context().hard_gates && !d.type.cudnn ? "hard_sigmoid" : "sigmoid";
  op.gate = activation_setting(layer, d.config, {"recurrent_activation", "inner_activation"}, gate);
  op.state = activation_setting(layer, d.config, {"activation"}, "tanh");

  int const product = layer.add(Dense{weights.kernel, weights.bias}, {layer.input()}, d.step + "input");
  std::string const own = d.step.empty() ? "" : d.step.substr(0, d.step.size() - 1);
  int const hidden = layer.add(op, {product}, own);
  if (op.kind != RecurrentKind::simple_rnn) {
    op.emit = Emit::gates;
    layer.add(op, {product}, d.step + "gates");
  }
  if (op.kind == RecurrentKind::lstm) {
    op.emit = Emit::cell;
    layer.add(op, {product}, d.step + "cell");
  }
  return hidden;
}

RecurrentClass const& class_named(std::string const& name, Layer const& layer) {
  for (RecurrentClass const& type : classes) {
    if (type.name == name) return type;
  }
  SONDE_FAIL_AS(InputError, layer.where() << ": a " << name
                                          << " runs in both directions (sonde supports LSTM, GRU, SimpleRNN, CuDNNLSTM "
                                          << "and CuDNNGRU there). Use one of these.");
}

template <std::size_t Index>
int recurrent(Layer& layer) {
  LayerConfig const& config = layer.config();
  bool const sequences = config.flag({"return_sequences"}, false);
  bool const backwards = config.flag({"go_backwards"}, false);
  VALIDATE(!backwards || !sequences,
           layer.where() << ": it goes backwards and returns all steps (which come out in reverse order; not "
                            "supported). Put it into a Bidirectional layer.");
  int const hidden = add_direction(layer, {classes[Index], config, 0, layer.weight_count(), backwards, ""});
  layer.count_at(hidden);
  return sequences ? hidden : add_last_step(layer, hidden, backwards, "");
}

/// Both directions' states at every step, side by side, are what is counted.
int bidirectional(Layer& layer) {
  Json const* inner = layer.config().find({"layer"});
  VALIDATE(inner,
           layer.where() << ": it has no layer inside (it runs one in both directions). Check the architecture.");
  LayerConfig const config(member(*inner, "config", layer.where()), layer.where());
  RecurrentClass const& type =
      class_named(string_of(member(*inner, "class_name", layer.where()), layer.where()), layer);
  VALIDATE(!config.flag({"go_backwards"}, false), layer.where()
                                                      << ": the layer inside goes backwards (not supported).");
  Json const* mode_setting = layer.config().find({"merge_mode"});
  VALIDATE(mode_setting, layer.where() << ": merge_mode is none (two outputs; one is supported). Use concat.");
  std::string const mode = string_of(*mode_setting, layer.where());

  std::size_t const half = layer.weight_count() / 2;
  int const forward = add_direction(layer, {type, config, 0, half, false, "forward."});
  int const backward = add_direction(layer, {type, config, half, half, true, "backward."});
  int const both = layer.add(Concat{1}, {forward, backward}, "states");
  layer.count_at(both);
  bool const sequences = config.flag({"return_sequences"}, false);
  if (sequences && mode == "concat") return both;
  int const a = sequences ? forward : add_last_step(layer, forward, false, "forward.");
  int const b = sequences ? backward : add_last_step(layer, backward, true, "backward.");
  if (mode == "concat") return layer.add(Concat{0}, {a, b});
  if (mode == "mul") return layer.add(Binary{BinaryFunction::multiply, nullptr, false}, {a, b});
  VALIDATE(mode == "sum" || mode == "ave", layer.where() << ": merge_mode '" << mode
                                                         << "' is not supported (concat, sum, mul and ave are). "
                                                         << "Use one of these.");
  int const sum = layer.add(Binary{BinaryFunction::add, nullptr, false}, {a, b}, mode == "sum" ? "" : "sum");
  if (mode == "sum") return sum;
  return layer.add(ScaleShift{make_vector({0.5F}), make_vector({0})}, {sum});
}

}  // namespace

std::vector<LayerKind> recurrent_layers() {
  std::vector<LayerKind> all{{"LSTM", recurrent<0>},      {"GRU", recurrent<1>},      {"SimpleRNN", recurrent<2>},
                             {"CuDNNLSTM", recurrent<3>}, {"CuDNNGRU", recurrent<4>}, {"Bidirectional", bidirectional}};
  for (LayerKind const& kind : sequence_layers()) all.push_back(kind);
  return all;
}

}  // namespace sonde::io::keras
