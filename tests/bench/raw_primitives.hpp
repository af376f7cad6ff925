// The time oneDNN's own primitives take for the layers of a model: what a perfect harness around them would need.
#pragma once

#include "nn/network.hpp"

namespace sonde::bench {

struct RawTimes {
  double forward = 0, backward = 0;  // seconds for one batch
  int layers = 0;                    // that were timed
  int left_out = 0;                  // layers without a primitive here, which count as nothing
};

/// Sum over convolutions (layout chosen by the library, activation fused), matrix products, poolings, softmax and
/// concatenations, each primitive alone and in its favourite layout: no copies between layouts. The backward passes are
/// those to the input: backward-data, the derivative of activations, pooling.
RawTimes raw_times(nn::Network const& network, std::int64_t batch);

}  // namespace sonde::bench
