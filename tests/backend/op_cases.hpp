// One table of op cases: every backend is compared with the reference on it, the reference with finite differences.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "io/models/ops.hpp"

namespace sonde::test {

struct OpCase {
  std::string name;
  io::Op op;
  std::vector<Shape> inputs;
  io::Activation fused = {};
  float low = -1, high = 1;  // inputs are drawn from this range
  bool ties = false;         // inputs take few values, as behind a relu
  bool smooth = true;        // finite differences mean something
};

inline void PrintTo(OpCase const& c, std::ostream* out) { *out << c.name; }

/// Awkward sizes on purpose: odd extents, strides, dilation, groups, asymmetric padding, 1, 3, 5 and 17 channels.
std::vector<OpCase> const& op_cases();

/// Batch sizes every case is run for.
inline constexpr std::int64_t op_batches[] = {1, 5, 16, 33};

/// `count` different numbers spread evenly over the range, in an order that `key` fixes; few different ones when
/// `ties`.
std::vector<float> spread(std::int64_t count, float low, float high, std::uint64_t key, bool ties = false);

}  // namespace sonde::test
