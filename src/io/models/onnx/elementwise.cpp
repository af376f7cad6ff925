// Functions of one activation, element by element.
#include <cmath>
#include <limits>

#include "base/check.hpp"
#include "io/models/onnx/broadcast.hpp"
#include "io/models/onnx/operators.hpp"

namespace sonde::io::onnx_reader {

void activate(Call& call, Activation function) {
  Value const& x = call.activation(0, "input");
  call.result(call.add(function, {x}, x.channels_last), Role::activation);
}

void leaky_relu(Call& call) { activate(call, {Function::leaky_relu, call.real("alpha", 0.01F)}); }

void elu(Call& call) { activate(call, {Function::elu, call.real("alpha", 1)}); }

void selu(Call& call) {
  activate(call, {Function::selu, call.real("alpha", 1.67326319217681884765625F),
                  call.real("gamma", 1.05070102214813232421875F)});
}

void hard_sigmoid(Call& call) {
  activate(call, {Function::hard_sigmoid, call.real("alpha", 0.2F), call.real("beta", 0.5F)});
}

void thresholded_relu(Call& call) { activate(call, {Function::thresholded_relu, call.real("alpha", 1)}); }

void clip(Call& call) {
  constexpr float largest = std::numeric_limits<float>::max();
  float low = -largest, high = largest;
  if (call.opset() < 11) {
    low = call.real("min", low);
    high = call.real("max", high);
  } else {
    if (call.has(1)) low = std::max(call.scalar(1, "minimum"), low);
    if (call.has(2)) high = std::min(call.scalar(2, "maximum"), high);
  }
  VALIDATE(low <= high,
           call.where() << ": its bounds " << low << " and " << high << " leave nothing between them. Check the file.");
  if (low == -largest && high == largest) return call.result(call.activation(0, "input"), Role::pass);
  if (low == 0 && high == largest) return activate(call, {Function::relu});
  if (low == 0) return activate(call, {Function::relu_capped, high});
  activate(call, {Function::clip, low, high});
}

void prelu(Call& call) {
  Value const x = call.activation(0, "input");
  Constant const& slope = call.constant(1, "slope");
  // Up to opset 6 the slopes of channels came without the trailing axes that align them with axis 1.
  bool const by_channel = call.opset() < 7 && slope.shape.size() == 1 && call.graph().rank(x) > 2;
  Shape const aligned = by_channel && size(slope) > 1 ? align_at(call, slope, x, 1) : align_right(call, slope, x);
  call.result(call.add(PRelu{spread(call, call.floats(1, "slope"), aligned, x)}, {x}, x.channels_last),
              Role::activation);
}

void pow(Call& call) {
  Value const& x = call.activation(0, "base");
  Constant const& constant = call.constant(1, "exponent");
  VALIDATE(size(constant) == 1 && constant.shape.size() < static_cast<std::size_t>(call.graph().rank(x)) + 1,
           call.where() << ": its exponent has " << size(constant) << " elements (a single number is supported).");
  float exponent = 0;
  if (std::holds_alternative<Floats>(constant.elements)) {
    exponent = call.scalar(1, "exponent");
  } else {
    exponent = static_cast<float>(call.integers(1, "exponent").front());
  }
  VALIDATE(std::isfinite(exponent), call.where()
                                        << ": its exponent is not finite (every result would be). Check the file.");
  call.result(call.add(Activation{Function::power, exponent, 0}, {x}, x.channels_last), Role::activation);
}

}  // namespace sonde::io::onnx_reader
