// Mean 0 and deviation 1 for every unit, as probes are trained on.
#pragma once

#include <cstdint>
#include <vector>

#include "comm/communicator.hpp"

namespace sonde::inspect {

struct Standardization {
  std::vector<double> mean, inverse;  // (U); inverse deviation (divisor N), 0 for a constant unit

  /// to = (x - mean) * inverse, for rows (count, U).
  void apply(std::int64_t count, float const* x, float* to) const;
  void apply(std::int64_t count, float const* x, double* to) const;
};

/// Of the rows (count, U) of all ranks. Collective.
Standardization standardize(comm::Communicator const& comm, std::int64_t count, std::int64_t units, float const* x);

}  // namespace sonde::inspect
