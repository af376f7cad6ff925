// The layer operations sonde knows, with their weights: the neutral form every model format is read into.
//
// Shapes leave the batch out. Images are (height, width, channels), whatever the file's own order: readers of
// channels-first formats transpose weights and insert a Transpose where a file leaves the image form.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/shape.hpp"
#include "tensor/tensor.hpp"

namespace sonde::io {

/// Weights are shared between the file, the plans of every batch size and the workers; never written after loading.
using Weights = std::shared_ptr<Tensor const>;

/// Elementwise functions y = f(x; alpha, beta); formulas stand in backend/functors/functions.hpp.
enum class Function {
  identity,
  relu,              // max(x, 0)
  relu_capped,       // min(max(x, 0), alpha)
  leaky_relu,        // x < 0 ? alpha x : x
  thresholded_relu,  // x > alpha ? x : 0
  elu,               // x < 0 ? alpha (e^x - 1) : x
  selu,              // beta (x < 0 ? alpha (e^x - 1) : x)
  sigmoid,
  hard_sigmoid,  // clamp(alpha x + beta, 0, 1)
  tanh,
  softplus,    // log(1 + e^x)
  softsign,    // x / (1 + |x|)
  swish,       // x sigmoid(x)
  hard_swish,  // x clamp(x / 6 + 1/2, 0, 1)
  gelu,        // x (1 + erf(x / sqrt 2)) / 2
  erf,
  exp,
  log,
  sqrt,
  abs,
  negate,
  reciprocal,
  atan,
  clip,  // clamp(x, alpha, beta)
  power  // x^alpha
};

enum class BinaryFunction { add, subtract, multiply, divide, maximum, minimum };
enum class PoolKind { max, average };
enum class RecurrentKind { lstm, gru, simple_rnn };

/// What a recurrent op gives out at each step.
enum class Emit {
  hidden,  // (T, U): the state h, its units
  cell,    // (T, U): the cell state of an LSTM
  gates    // (T, G U): after their functions, in the order of the weights
};

/// Offsets of a 2-D window, in elements.
struct Window {
  std::int64_t height = 1, width = 1;
  std::int64_t stride_y = 1, stride_x = 1;
  std::int64_t dilation_y = 1, dilation_x = 1;
  std::int64_t top = 0, left = 0, bottom = 0, right = 0;  // padding
};

struct Input {};

/// (H, W, C) -> (H', W', K): cross-correlation. weights (window height, window width, C / groups, K), bias (K) or null.
struct Conv2d {
  Window window;
  std::int64_t groups = 1;
  Weights weights, bias;
};

/// (..., C) -> (..., K): y = x W + b. weights (C, K), bias (K) or null.
struct Dense {
  Weights weights, bias;
};

/// (H, W, C) -> (H', W', C). Padding never wins a maximum. An average divides by the window's size when
/// `count_padding`, else by the number of its elements inside the image.
struct Pool {
  PoolKind kind = PoolKind::max;
  Window window;
  bool count_padding = false;
};

struct Activation {
  Function function = Function::identity;
  float alpha = 0, beta = 0;
};

/// y = scale x + shift, per unit (last axis): batch normalisation in test mode, or a given Lambda. Both (C), or (1).
struct ScaleShift {
  Weights scale, shift;
};

/// x < 0 ? slope x : x; slope (C), (1), or the shape of a sample.
struct PRelu {
  Weights slope;
};

/// Over the last axis; the logarithm of it when `log`.
struct Softmax {
  bool log = false;
};

/// Local response normalisation over the last axis: y = x / (bias + alpha / size * sum of squares in the window)^beta.
struct Lrn {
  std::int64_t size = 5;
  float alpha = 1e-4F, beta = 0.75F, bias = 1;
};

/// Two inputs of shapes that broadcast to the output's (same rank, extents equal or 1); or one input and a constant.
struct Binary {
  BinaryFunction function = BinaryFunction::add;
  Weights constant;             // of the output's sample shape; null: two inputs
  bool constant_first = false;  // constant op x, instead of x op constant
};

/// Two or more inputs joined along `axis` of the sample.
struct Concat {
  std::int64_t axis = 0;
};

/// Same elements in the same order.
struct Reshape {
  Shape shape;
};

/// Axis i of the output is axis order[i] of the input.
struct Transpose {
  std::vector<std::int64_t> order;
};

/// Adds `before` and `after` elements of `value` on each axis; negative numbers crop.
struct Pad {
  Shape before, after;
  float value = 0;
};

/// Mean over the given axes (sorted, unique); reduced axes stay with extent 1 when `keep`, else they go.
struct ReduceMean {
  std::vector<std::int64_t> axes;
  bool keep = true;
};

/// Ids (...) -> (..., E): row `id` of the table (ids, E). Ids are whole numbers in floats, rounded to the nearest; one
/// outside the table gives NaN, so whoever reads the data checks them.
struct Embedding {
  Weights table;
};

/// Steps of a recurrent layer, from a state of 0: (T, G U) -> (T, U), or what `emit` says. The input x is the layer's
/// input times its weights, plus bias, for all steps; the op adds the state's share h R. With f `gate` and F `state`:
///   lstm (G = 4: i f g o)   c' = f(f) c + f(i) F(g), h' = f(o) F(c')                     Hochreiter & Schmidhuber 1997
///   gru (G = 3: z r g)      h' = f(z) h + (1 - f(z)) F(g)                                              Cho et al. 2014
///                           with g = x + (f(r) h) R, or x + f(r) (h R + bias) when `reset_after`
///   simple_rnn (G = 1)      h' = F(x + h R)                                                                 Elman 1990
/// Gates: sigmoid or hard_sigmoid; states: tanh, relu, sigmoid or identity.
struct Recurrent {
  RecurrentKind kind = RecurrentKind::lstm;
  Weights weights;  // R, (U, G U)
  Weights bias;     // (U), of a gru with reset_after, or null
  bool reset_after = false;
  bool backwards = false;  // from the last step to the first; outputs stay at their step
  Activation gate{Function::sigmoid}, state{Function::tanh};
  Emit emit = Emit::hidden;
};

/// G: gates and candidate.
std::int64_t gate_count(RecurrentKind kind);

using Op = std::variant<Input, Conv2d, Dense, Pool, Activation, ScaleShift, PRelu, Softmax, Lrn, Binary, Concat,
                        Reshape, Transpose, Pad, ReduceMean, Embedding, Recurrent>;

/// "conv2d", "dense", ...
std::string op_name(Op const& op);

/// "relu", "leaky_relu", ...
using sonde::to_string;  // of a shape; the next line would hide it
std::string to_string(Function function);

/// Output sample shape of `op` for its inputs' sample shapes. Throws InputError, naming `where` (file and layer),
/// when the shapes do not fit the op.
Shape infer_shape(Op const& op, std::vector<Shape> const& inputs, std::string const& where);

}  // namespace sonde::io
