// The ONNX operators sonde reads: one small function each, in files by kind.
#pragma once

#include <string>
#include <vector>

#include "io/models/onnx/call.hpp"

namespace sonde::io::onnx_reader {

using Convert = void (*)(Call&);

struct Operator {
  std::string name;
  Convert convert = nullptr;  // for a node that depends on the model's input; null: not supported
  Convert fold = nullptr;     // for a node all of whose inputs are constant; null: not supported
};

/// All of them, by name.
std::vector<Operator> const& operators();

/// Null for an operator that is not supported.
Operator const* find_operator(std::string const& name);

// convolution.cpp, pooling.cpp
void conv(Call& call);
void max_pool(Call& call);
void average_pool(Call& call);
void global_max_pool(Call& call);
void global_average_pool(Call& call);

// product.cpp
void gemm(Call& call);
void mat_mul(Call& call);

// elementwise.cpp
void activate(Call& call, Activation function);
void leaky_relu(Call& call);
void elu(Call& call);
void selu(Call& call);
void hard_sigmoid(Call& call);
void thresholded_relu(Call& call);
void clip(Call& call);
void prelu(Call& call);
void pow(Call& call);

// arithmetic.cpp: two activations, or one and a constant
void binary(Call& call, BinaryFunction function);
void sum(Call& call);
void mean(Call& call);

// normalisation.cpp
void batch_normalization(Call& call);
void lrn(Call& call);
void softmax(Call& call, bool log);

// reshaping.cpp
void flatten(Call& call);
void reshape(Call& call);
void squeeze(Call& call);
void unsqueeze(Call& call);
void transpose(Call& call);
void identity(Call& call);
void dropout(Call& call);
void cast(Call& call);
void shape_of(Call& call);

// recurrent.cpp
void recurrent(Call& call, RecurrentKind kind);

// joining.cpp
void concat(Call& call);
void split(Call& call);
void gather(Call& call);
void slice(Call& call);
void pad(Call& call);
void reduce_mean(Call& call);

// folding.cpp: the same on constants
void fold_constant(Call& call);
void fold_constant_of_shape(Call& call);
void fold_expand(Call& call);
void fold_shape(Call& call);
void fold_identity(Call& call);
void fold_cast(Call& call);
void fold_gather(Call& call);
void fold_slice(Call& call);
void fold_concat(Call& call);
void fold_reshape(Call& call);
void fold_squeeze(Call& call);
void fold_unsqueeze(Call& call);
void fold_transpose(Call& call);
void fold_arithmetic(Call& call, BinaryFunction function);

// shared by the files above

/// The integers of an attribute up to opset `last`, of input `i` after it; nothing when not given.
std::optional<std::vector<std::int64_t>> attribute_or_input(Call& call, std::string const& name, std::int64_t last,
                                                            std::size_t i);

/// Axes in [0, rank), ascending and unique.
std::vector<std::int64_t> sorted_axes(Call& call, std::vector<std::int64_t> const& axes, std::int64_t rank);

/// Elements begin, begin + step, ... (count of them) along one axis.
struct Range {
  std::int64_t begin = 0, step = 1, count = 0;
};

/// What a Slice takes of each axis of `shape`.
std::vector<Range> slice_ranges(Call& call, Shape const& shape);

/// The shape a Reshape makes of one of shape `from`, from entry `first` of its target on: 0 and -1 are resolved.
Shape reshape_target(Call& call, Integers const& target, std::size_t first, Shape const& from);

}  // namespace sonde::io::onnx_reader
