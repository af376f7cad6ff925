// The reference ops, one file each: plain loops over row-major tensors (N, sample shape), images (H, W, C).
// Inputs and output have the shapes io::infer_shape() allows for the op.
#pragma once

#include <memory>
#include <vector>

#include "backend/operator.hpp"
#include "io/models/ops.hpp"

namespace sonde::backend::reference {

using OperatorPtr = std::unique_ptr<Operator>;

OperatorPtr make_conv2d(io::Conv2d const& op, Shape const& in, Shape const& out, std::int64_t batch);
OperatorPtr make_dense(io::Dense const& op, Shape const& in, Shape const& out, std::int64_t batch);
OperatorPtr make_pool(io::Pool const& op, Shape const& in, Shape const& out, std::int64_t batch);
OperatorPtr make_activation(io::Activation const& op, Shape const& in, std::int64_t batch);
OperatorPtr make_scale_shift(io::ScaleShift const& op, Shape const& in, std::int64_t batch);
OperatorPtr make_prelu(io::PRelu const& op, Shape const& in, std::int64_t batch);
OperatorPtr make_softmax(io::Softmax const& op, Shape const& in, std::int64_t batch);
OperatorPtr make_lrn(io::Lrn const& op, Shape const& in, std::int64_t batch);
OperatorPtr make_binary(io::Binary const& op, std::vector<Shape> const& inputs, Shape const& out, std::int64_t batch);
OperatorPtr make_concat(io::Concat const& op, std::vector<Shape> const& inputs, Shape const& out, std::int64_t batch);
OperatorPtr make_copy(Shape const& in, std::int64_t batch);
OperatorPtr make_transpose(io::Transpose const& op, Shape const& in, Shape const& out, std::int64_t batch);
OperatorPtr make_pad(io::Pad const& op, Shape const& in, Shape const& out, std::int64_t batch);
OperatorPtr make_reduce_mean(io::ReduceMean const& op, Shape const& in, Shape const& out, std::int64_t batch);
OperatorPtr make_embedding(io::Embedding const& op, Shape const& in, Shape const& out, std::int64_t batch);
OperatorPtr make_recurrent(io::Recurrent const& op, Shape const& in, Shape const& out, std::int64_t batch);

/// `activation` after `op`, as one op: keeps the values before the activation.
OperatorPtr make_fused(OperatorPtr op, io::Activation const& activation, Shape const& out, std::int64_t batch);

}  // namespace sonde::backend::reference
