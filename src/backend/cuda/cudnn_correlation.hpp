// Cross-correlation by cuDNN.
#pragma once

#include "backend/backend.hpp"
#include "backend/cuda/correlation.hpp"

struct cudnnContext;

namespace sonde::backend {

/// With pinned algorithms that give the same bits every time: an implicit matrix product with precomputed indices
/// forwards, backward-data algorithm 1 backwards. What cuDNN does not do with them is done by kernels, which are
/// slower: convolutions of a channel each, which they do as fast, and rare combinations of groups and dilation.
/// `handle` is used while planning only.
std::unique_ptr<Correlation> make_cudnn_correlation(cudnnContext* handle, Precision precision, io::Conv2d const& op,
                                                    Shape const& in, Shape const& out, std::int64_t batch,
                                                    device::Memory& memory, WeightStore& weights);

}  // namespace sonde::backend
