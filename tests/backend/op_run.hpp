// Runs one op of one backend on rows, watching for writes outside its tensors.
#pragma once

#include <vector>

#include "backend/backend.hpp"
#include "op_cases.hpp"

namespace sonde::test {

using Rows = std::vector<float>;  // (batch, volume of the sample shape)

struct OpResult {
  Rows y;
  std::vector<Rows> dx;
};

/// Forward on x, then backward on dy by `modes`; gradients start from dx, which accumulate adds to. GoogleTest failures
/// are raised when anything beyond a tensor's end or before its start is written, or x or dy is changed.
OpResult run_op(backend::Backend const& backend, OpCase const& c, std::int64_t batch, std::vector<Rows> const& x,
                Rows const& dy, std::vector<Rows> const& dx, std::vector<backend::GradientMode> const& modes);

/// Inputs of a case; different for each sample and input.
std::vector<Rows> case_inputs(OpCase const& c, std::int64_t batch);
/// An output gradient for a case.
Rows case_gradient(OpCase const& c, std::int64_t batch);
Shape case_output(OpCase const& c);

}  // namespace sonde::test
