// Products of rows with a weight matrix.
#pragma once

#include "backend/cpu/onednn/library.hpp"

namespace sonde::backend::onednn {

/// Weights stored (inputs, units), as Dense and 1x1 convolutions have them; `transposed` multiplies with the transpose.
struct MatmulShape {
  std::int64_t rows = 0, inputs = 0, units = 0;
  bool transposed = false;
};

/// y (rows, units) = f(x (rows, inputs) W + b), or y (rows, inputs) = x (rows, units) W^T when transposed. bias may be
/// null; f is one that derivative_from_output() accepts. Never the library's inner product, whose bits change with the
/// number of threads.
Call make_matmul(Library& library, MatmulShape const& shape, io::Weights const& weights, io::Weights const& bias,
                 io::Activation const& f, ScratchPlan& scratch);

/// Attributes every primitive has: scratch memory from the queue, and f after the op.
dnnl::primitive_attr attributes(io::Activation const& f);

}  // namespace sonde::backend::onednn
