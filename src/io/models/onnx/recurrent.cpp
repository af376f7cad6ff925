// LSTM, GRU and RNN: a Dense node for the input's product of all steps, then a recurrent node, for each direction.
//
// The units of a layer are its outputs at every step: the layer is counted there, whichever output the model uses.
// Nodes NAME.cell and NAME.gates stand beside it for those who ask for them.
#include <algorithm>
#include <array>

#include "base/check.hpp"
#include "io/models/onnx/operators.hpp"

namespace sonde::io::onnx_reader {
namespace {

/// One recurrent node of the file.
struct Layer {
  RecurrentKind kind;
  std::int64_t directions = 1, inputs = 0, units = 0;
  bool reversed = false;     // the only direction runs backwards
  bool batch_first = false;  // layout 1
  bool reset_after = false;
  std::int64_t gates() const { return gate_count(kind); }
};

/// The gates in the file's order, for those in sonde's: the file has i o f c.
std::int64_t file_gate(RecurrentKind kind, std::int64_t gate) {
  static constexpr std::array<std::int64_t, 4> lstm{0, 2, 3, 1};
  return kind == RecurrentKind::lstm ? lstm[static_cast<std::size_t>(gate)] : gate;
}

Layer read_layer(Call& call, RecurrentKind kind, Value const& x) {
  Layer layer{kind};
  std::string const direction = call.text("direction", "forward");
  VALIDATE(direction == "forward" || direction == "reverse" || direction == "bidirectional",
           call.where() << ": direction '" << direction << "' is unknown. Check the file.");
  layer.directions = direction == "bidirectional" ? 2 : 1;
  layer.reversed = direction == "reverse";
  layer.batch_first = call.integer("layout", 0) != 0;
  layer.reset_after = call.integer("linear_before_reset", 0) != 0;
  VALIDATE(call.graph().rank(x) == 3 && x.batch_axis == (layer.batch_first ? 0 : 1),
           call.where() << ": its input has rank " << call.graph().rank(x) << " and the batch on axis " << x.batch_axis
                        << " (time, batch and features are needed, or batch first with layout 1). Check the model.");
  Shape const &w = call.constant(1, "weights").shape, &r = call.constant(2, "recurrent weights").shape;
  layer.inputs = call.graph().file_shape(x)[1];
  layer.units = r.empty() ? 0 : r.back();
  std::int64_t const columns = layer.gates() * layer.units;
  VALIDATE(layer.units > 0 && (w == Shape{layer.directions, columns, layer.inputs}) &&
               (r == Shape{layer.directions, columns, layer.units}),
           call.where() << ": its weights have shapes " << to_string(w) << " and " << to_string(r) << " for "
                        << layer.inputs << " features in " << layer.directions << " direction(s). Check the file.");
  return layer;
}

/// Refuses what a recurrent node may ask for and sonde does not do.
void check_options(Call& call, Value const& x) {
  VALIDATE(!call.has_attribute("clip"), call.where() << ": it clips its sums (not supported). Export it without clip.");
  VALIDATE(call.integer("input_forget", 0) == 0, call.where() << ": it couples input and forget gate (not supported).");
  std::int64_t const steps = call.graph().file_shape(x)[0];
  if (call.has(4)) {
    auto const lengths = call.integers(4, "sequence lengths");
    VALIDATE(std::ranges::all_of(lengths, [&](auto length) { return length == steps; }),
             call.where() << ": its sequences have unequal lengths (records of one length are needed).");
  }
  for (std::size_t i = 5; i < 8; ++i) {
    if (!call.has(i)) continue;
    Floats const& values = call.floats(i, i == 7 ? "peepholes" : "initial state");
    VALIDATE(std::ranges::all_of(values, [](float value) { return value == 0; }),
             call.where() << ": its " << (i == 7 ? "peepholes are" : "initial state is")
                          << " not 0 (not supported). Use a plain layer that starts from 0.");
  }
}

Activation named_function(Call& call, std::string const& name, float alpha, float beta) {
  if (name == "Sigmoid") return {Function::sigmoid};
  if (name == "HardSigmoid") return {Function::hard_sigmoid, alpha, beta};
  if (name == "Tanh") return {Function::tanh};
  if (name == "Relu") return {Function::relu};
  SONDE_FAIL_AS(InputError, call.where() << ": its function " << name
                                         << " is not supported (Sigmoid, HardSigmoid, Tanh and Relu are).");
}

/// Sets the functions of a direction: f and g (and h, which must be g) of an LSTM, f and g of a GRU, f of an RNN.
void read_functions(Call& call, Layer const& layer, std::int64_t direction, Recurrent& op) {
  std::vector<std::string> const names = call.text_list("activations");
  if (names.empty()) return;
  std::size_t const each = layer.kind == RecurrentKind::lstm ? 3 : layer.kind == RecurrentKind::gru ? 2 : 1;
  auto const alphas = call.real_list("activation_alpha"), betas = call.real_list("activation_beta");
  bool const counts = names.size() == each * static_cast<std::size_t>(layer.directions) &&
                      (alphas.empty() || alphas.size() == names.size()) &&
                      (betas.empty() || betas.size() == names.size());
  VALIDATE(counts, call.where() << ": it has " << names.size() << " functions, " << alphas.size() << " alphas and "
                                << betas.size() << " betas (one of each function, or no alphas and betas, are "
                                << "supported). Check the file.");
  auto const at = [&](std::size_t i) {
    std::size_t const k = static_cast<std::size_t>(direction) * each + i;
    return named_function(call, names[k], alphas.empty() ? 0.2F : alphas[k], betas.empty() ? 0.5F : betas[k]);
  };
  if (each > 1) op.gate = at(0);
  op.state = at(each > 1 ? 1 : 0);
  VALIDATE(each < 3 || names[static_cast<std::size_t>(direction) * each + 1] ==
                           names[static_cast<std::size_t>(direction) * each + 2],
           call.where() << ": its functions of candidate and output differ (not supported).");
}

/// Matrix `direction` of (directions, G U, rows), as (rows, G U) with sonde's order of gates.
Weights turned(Call& call, Layer const& layer, Floats const& values, std::int64_t rows, std::int64_t direction) {
  std::int64_t const columns = layer.gates() * layer.units;
  call.charge(rows * columns);
  auto result = std::make_shared<Tensor>(Shape{rows, columns});
  for (std::int64_t k = 0; k < columns; ++k) {
    std::int64_t const from = file_gate(layer.kind, k / layer.units) * layer.units + k % layer.units;
    float const* const row = values.data() + (direction * columns + from) * rows;
    for (std::int64_t i = 0; i < rows; ++i) result->data[i * columns + k] = row[i];
  }
  return result;
}

/// Biases of both products, (directions, 2 G U): they only differ where a GRU resets the product.
void read_bias(Call& call, Layer const& layer, std::int64_t direction, Dense& product, Recurrent& op) {
  std::int64_t const columns = layer.gates() * layer.units;
  if (!call.has(3)) return;
  Floats const& values = call.floats(3, "bias");
  VALIDATE((call.constant(3, "bias").shape == Shape{layer.directions, 2 * columns}),
           call.where() << ": its bias has shape " << to_string(call.constant(3, "bias").shape) << " for "
                        << layer.units << " units (two for each gate). Check the file.");
  float const* const input = values.data() + direction * 2 * columns;
  auto const summed = op.reset_after ? 2 * layer.units : columns;
  Floats bias(static_cast<std::size_t>(columns));
  for (std::int64_t k = 0; k < columns; ++k) {
    std::int64_t const from = file_gate(layer.kind, k / layer.units) * layer.units + k % layer.units;
    bias[static_cast<std::size_t>(k)] = input[from] + (k < summed ? input[columns + from] : 0);
  }
  product.bias = call.weights({columns}, bias);
  if (op.reset_after) op.bias = call.weights({layer.units}, Floats(input + columns + summed, input + 2 * columns));
}

/// The ops of one direction, reading the same node; cell is -1 where there is none.
struct Direction {
  Value hidden, cell;
  bool backwards = false;
};

Direction add_direction(Call& call, Layer const& layer, Value const& x, std::int64_t direction) {
  Dense product;
  Recurrent op;
  op.kind = layer.kind;
  op.reset_after = layer.kind == RecurrentKind::gru && layer.reset_after;
  op.backwards = layer.reversed || direction == 1;
  read_functions(call, layer, direction, op);
  product.weights = turned(call, layer, call.floats(1, "weights"), layer.inputs, direction);
  op.weights = turned(call, layer, call.floats(2, "recurrent weights"), layer.units, direction);
  read_bias(call, layer, direction, product, op);

  std::string const prefix = layer.directions == 1 ? "" : direction == 0 ? "forward" : "backward";
  std::string const dot = prefix.empty() ? "" : prefix + ".";
  Value const sums = call.add(dot + "input", std::move(product), {x}, false);
  Direction result;
  result.backwards = op.backwards;
  result.hidden = prefix.empty() ? call.add(op, {sums}, false) : call.add(prefix, op, {sums}, false);
  if (layer.kind != RecurrentKind::simple_rnn) {
    op.emit = Emit::gates;
    call.add(dot + "gates", op, {sums}, false);
  }
  if (layer.kind == RecurrentKind::lstm) {
    op.emit = Emit::cell;
    result.cell = call.add(dot + "cell", op, {sums}, false);
  }
  return result;
}

/// The state after the last step of each direction, (directions, batch, U) or with the batch first.
Value last_states(Call& call, Layer const& layer, std::vector<Direction> const& directions, bool cell) {
  std::vector<Value> parts;
  for (Direction const& d : directions) {
    Value const& all = cell ? d.cell : d.hidden;
    std::int64_t const others = call.graph().stored_shape(all)[0] - 1;
    Pad const crop{{d.backwards ? 0 : -others, 0}, {d.backwards ? -others : 0, 0}, 0};
    parts.push_back(call.add(cell ? "last_cell" : "last", crop, {all}, false));
  }
  Value value = parts.front();
  if (parts.size() > 1) value = call.add("last_of_both", Concat{0}, parts, false);
  value.batch_axis = layer.batch_first ? 0 : 1;
  return value;
}

}  // namespace

void recurrent(Call& call, RecurrentKind kind) {
  Value const x = call.plain(call.activation(0, "input"));
  Layer const layer = read_layer(call, kind, x);
  check_options(call, x);
  std::vector<Direction> directions;
  for (std::int64_t d = 0; d < layer.directions; ++d) directions.push_back(add_direction(call, layer, x, d));

  Value states = directions[0].hidden;
  if (layer.directions == 2) states = call.add(Concat{1}, {states, directions[1].hidden}, false);
  call.count(states);
  if (call.output_used(0)) {  // (time, directions, batch, U), or (batch, time, directions, U)
    Shape const shape = call.graph().stored_shape(states);
    Value all = call.reshaped(states, {shape[0], layer.directions, layer.units});
    all.batch_axis = layer.batch_first ? 0 : 2;
    call.result(all, Role::none, 0);
  }
  if (call.output_used(1)) call.result(last_states(call, layer, directions, false), Role::none, 1);
  if (call.output_used(2)) call.result(last_states(call, layer, directions, true), Role::none, 2);
}

}  // namespace sonde::io::onnx_reader
