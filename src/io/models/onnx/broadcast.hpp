// Constants that are broadcast to an activation.
//
// An aligned shape has the rank of the activation's samples and stands in the file's order; 1 where the constant is the
// same along an axis.
#pragma once

#include "io/models/onnx/call.hpp"

namespace sonde::io::onnx_reader {

/// NumPy's rule: last axes match. Throws InputError where the constant has a value per sample of the batch, or is
/// larger.
Shape align_right(Call& call, Constant const& constant, Value const& x);

/// The rule before opset 7: the constant's first axis matches axis `axis` of the activation (file order, with the
/// batch).
Shape align_at(Call& call, Constant const& constant, Value const& x, std::int64_t axis);

/// Whether the constant is one number, or one per unit (last stored axis).
bool is_per_unit(Shape const& aligned, Value const& x);

/// As weights in stored order: (1) or (C) when it is per unit, else of the stored shape of x.
Weights spread(Call& call, Floats const& values, Shape const& aligned, Value const& x);

/// Of the stored shape of x, always.
Weights spread_fully(Call& call, Floats const& values, Shape const& aligned, Value const& x);

}  // namespace sonde::io::onnx_reader
