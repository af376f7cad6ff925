// The time cuDNN's own kernels take for the layers of a model: what a perfect harness around them would need.
#pragma once

#include "backend/backend.hpp"
#include "nn/network.hpp"

namespace sonde::bench {

struct CudnnTimes {
  double forward = 0, backward = 0;              // of convolutions and poolings: seconds on the device for one batch
  double other_forward = 0, other_backward = 0;  // of activations and softmax by cuDNN, of products by cuBLAS
  int layers = 0;                                // that were timed
  int left_out = 0;                              // that cuDNN does not have or refuses, which count as nothing
};

/// Each kernel alone, in NHWC, recorded and replayed several times in a row, so that nothing of the host's time is in
/// it. Convolutions by the algorithms that sonde pins, without bias and activation; padding that cuDNN does not know
/// (not the same on both sides) is there already, in a larger image. The backward passes are those to the input. That
/// of maximum pooling is cuDNN's, which is not deterministic and therefore not what sonde uses. `backend` is cuda's.
CudnnTimes cudnn_times(nn::Network const& network, backend::Backend const& backend, backend::Precision precision,
                       std::int64_t batch);

}  // namespace sonde::bench
