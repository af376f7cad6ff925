// The ops of the device backend, one maker each. Tensors are row-major: (N, H, W, C) for images.
#pragma once

#include <memory>

#include "backend/cuda/correlation.hpp"
#include "backend/cuda/device_arrays.hpp"
#include "backend/operator.hpp"

namespace sonde::backend::device_ops {

/// What every op is planned with.
struct Site {
  device::Memory& memory;
  WeightStore& weights;
  std::int64_t batch;
};
using OperatorPtr = std::unique_ptr<Operator>;

OperatorPtr make_conv2d(Site const& site, io::Conv2d const& op, io::Activation const& fused, Shape const& out,
                        std::unique_ptr<Correlation> correlation);
OperatorPtr make_dense(Site const& site, io::Dense const& op, io::Activation const& fused, Shape const& in,
                       Shape const& out);
OperatorPtr make_pool(Site const& site, io::Pool const& op, Shape const& in, Shape const& out);
OperatorPtr make_activation(Site const& site, io::Activation const& op, Shape const& in);
OperatorPtr make_scale_shift(Site const& site, io::ScaleShift const& op, Shape const& in);
OperatorPtr make_prelu(Site const& site, io::PRelu const& op, Shape const& in);
OperatorPtr make_softmax(Site const& site, io::Softmax const& op, Shape const& in);
OperatorPtr make_lrn(Site const& site, io::Lrn const& op, Shape const& in);
OperatorPtr make_binary(Site const& site, io::Binary const& op, std::vector<Shape> const& inputs, Shape const& out);
OperatorPtr make_concat(Site const& site, io::Concat const& op, std::vector<Shape> const& inputs, Shape const& out);
OperatorPtr make_copy(Site const& site, Shape const& in);  // inputs and reshapes
OperatorPtr make_transpose(Site const& site, io::Transpose const& op, Shape const& in, Shape const& out);
OperatorPtr make_pad(Site const& site, io::Pad const& op, Shape const& in, Shape const& out);
OperatorPtr make_reduce_mean(Site const& site, io::ReduceMean const& op, Shape const& in, Shape const& out);
OperatorPtr make_embedding(Site const& site, io::Embedding const& op, Shape const& in, Shape const& out);
OperatorPtr make_recurrent(Site const& site, io::Recurrent const& op, Shape const& in, Shape const& out);

}  // namespace sonde::backend::device_ops
