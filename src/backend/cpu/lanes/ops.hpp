// The ops of the lanes backend, one maker each.
#pragma once

#include <memory>

#include "backend/cpu/lanes/kernels.hpp"
#include "backend/operator.hpp"
#include "io/models/ops.hpp"

namespace sonde::backend::lanes {

using OperatorPtr = std::unique_ptr<Operator>;

OperatorPtr make_convolution(io::Conv2d const& op, io::Activation const& fused, Shape const& in, Shape const& out,
                             std::int64_t batch, Kernels const& kernels);
OperatorPtr make_dense(io::Dense const& op, io::Activation const& fused, Shape const& in, std::int64_t batch,
                       Kernels const& kernels);
OperatorPtr make_pool(io::Pool const& op, Shape const& in, Shape const& out, std::int64_t batch,
                      Kernels const& kernels);

OperatorPtr make_activation(io::Activation const& op, Shape const& in, std::int64_t batch);
OperatorPtr make_scale_shift(io::ScaleShift const& op, Shape const& in, std::int64_t batch);
OperatorPtr make_prelu(io::PRelu const& op, Shape const& in, std::int64_t batch);
OperatorPtr make_softmax(io::Softmax const& op, Shape const& in, std::int64_t batch);
OperatorPtr make_lrn(io::Lrn const& op, Shape const& in, std::int64_t batch);

OperatorPtr make_binary(io::Binary const& op, std::vector<Shape> const& inputs, Shape const& out, std::int64_t batch);
OperatorPtr make_reduce_mean(io::ReduceMean const& op, Shape const& in, Shape const& out, std::int64_t batch);
OperatorPtr make_copy(Shape const& in, Shape const& out, std::int64_t batch);
OperatorPtr make_transpose(io::Transpose const& op, Shape const& in, Shape const& out, std::int64_t batch);
OperatorPtr make_pad(io::Pad const& op, Shape const& in, Shape const& out, std::int64_t batch);
OperatorPtr make_concat(io::Concat const& op, std::vector<Shape> const& inputs, Shape const& out, std::int64_t batch);

/// y = f(x), and dx = or += f'(x) dy; `size` floats each.
void apply(io::Activation const& function, float const* x, std::int64_t size, float* y);
void apply_gradient(io::Activation const& function, float const* x, float const* dy, std::int64_t size, bool accumulate,
                    float* dx);

}  // namespace sonde::backend::lanes
