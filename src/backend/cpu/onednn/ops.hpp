// The ops that have an implementation of their own in the oneDNN backend; all others are the reference's.
// Tensors are row-major, images (N, H, W, C), as in the reference.
#pragma once

#include <memory>

#include "backend/cpu/onednn/library.hpp"
#include "backend/operator.hpp"

namespace sonde::backend::onednn {

using OperatorPtr = std::unique_ptr<Operator>;

/// f is one that derivative_from_output() accepts. Throws dnnl::error when the library cannot do it.
OperatorPtr make_convolution(std::shared_ptr<Library> library, io::Conv2d const& op, io::Activation const& f,
                             Shape const& in, Shape const& out, std::int64_t batch);

/// Also 1x1 convolutions: rows (batch times positions, inputs) times weights (inputs, units).
OperatorPtr make_dense(std::shared_ptr<Library> library, io::Weights weights, io::Weights bias, io::Activation const& f,
                       std::int64_t rows, std::int64_t inputs, std::int64_t units);

OperatorPtr make_recurrent(std::shared_ptr<Library> library, io::Recurrent const& op, Shape const& in,
                           std::int64_t batch);

// Memory-bound ops, as loops over contiguous channels.
OperatorPtr make_pool(io::Pool const& op, Shape const& in, Shape const& out, std::int64_t batch);
OperatorPtr make_activation(io::Activation const& op, Shape const& in, std::int64_t batch);
OperatorPtr make_scale_shift(io::ScaleShift const& op, Shape const& in, std::int64_t batch);
OperatorPtr make_add(Shape const& in, std::int64_t batch);
OperatorPtr make_copy(Shape const& in, std::int64_t batch);

}  // namespace sonde::backend::onednn
