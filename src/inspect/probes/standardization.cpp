#include "inspect/probes/standardization.hpp"

#include <cmath>

#include "comm/collectives.hpp"

namespace sonde::inspect {

void Standardization::apply(std::int64_t count, float const* x, float* to) const {
  std::size_t const units = mean.size();
  std::vector<float> const shift(mean.begin(), mean.end()), scale(inverse.begin(), inverse.end());
  float const* const m = shift.data();
  float const* const s = scale.data();
  for (std::int64_t row = 0; row < count; ++row, x += units, to += units) {
    for (std::size_t u = 0; u < units; ++u) to[u] = (x[u] - m[u]) * s[u];
  }
}

void Standardization::apply(std::int64_t count, float const* x, double* to) const {
  std::size_t const units = mean.size();
  for (std::int64_t row = 0; row < count; ++row, x += units, to += units) {
    for (std::size_t u = 0; u < units; ++u) to[u] = (static_cast<double>(x[u]) - mean[u]) * inverse[u];
  }
}

Standardization standardize(comm::Communicator const& comm, std::int64_t count, std::int64_t units, float const* x) {
  auto const width = static_cast<std::size_t>(units);
  double const rows = static_cast<double>(comm::allreduce(comm, comm::Reduction::sum, count));
  Standardization result{std::vector<double>(width), std::vector<double>(width)};
  for (std::int64_t row = 0; row < count; ++row) {
    for (std::size_t u = 0; u < width; ++u) result.mean[u] += x[row * units + u];
  }
  comm::allreduce(comm, comm::Reduction::sum, std::span(result.mean));
  for (double& mean : result.mean) mean /= rows;  // of equal values: that value, exactly
  for (std::int64_t row = 0; row < count; ++row) {
    for (std::size_t u = 0; u < width; ++u) {
      double const difference = x[row * units + u] - result.mean[u];
      result.inverse[u] += difference * difference;
    }
  }
  comm::allreduce(comm, comm::Reduction::sum, std::span(result.inverse));
  for (double& squares : result.inverse) squares = squares > 0 ? 1 / std::sqrt(squares / rows) : 0;
  return result;
}

}  // namespace sonde::inspect
