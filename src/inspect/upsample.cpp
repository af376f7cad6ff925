#include "inspect/upsample.hpp"

#include <algorithm>
#include <vector>

namespace sonde::inspect {

namespace {

/// A pixel along one axis: between two of the map.
struct Place {
  std::int64_t low, high;
  float part;  // of `high`
};

std::vector<Place> places(std::int64_t in, std::int64_t out) {
  std::vector<Place> result;
  for (std::int64_t i = 0; i < out; ++i) {
    double const centre = (static_cast<double>(i) + 0.5) * static_cast<double>(in) / static_cast<double>(out) - 0.5;
    double const at = std::clamp(centre, 0.0, static_cast<double>(in - 1));
    auto const low = static_cast<std::int64_t>(at);
    result.push_back({low, std::min(low + 1, in - 1), static_cast<float>(at - static_cast<double>(low))});
  }
  return result;
}

}  // namespace

void upsample(float const* map, std::int64_t h, std::int64_t w, std::int64_t units, std::int64_t size, float* rows) {
  auto const vertical = places(h, size);
  auto const horizontal = places(w, size);
  std::vector<float> line(static_cast<std::size_t>(w * units));  // (w, units) at one output row
  for (Place const& y : vertical) {
    float const* const above = map + y.low * w * units;
    float const* const below = map + y.high * w * units;
    for (std::int64_t i = 0; i < w * units; ++i)
      line[static_cast<std::size_t>(i)] = above[i] + y.part * (below[i] - above[i]);
    for (Place const& x : horizontal) {
      float const* const left = line.data() + x.low * units;
      float const* const right = line.data() + x.high * units;
      for (std::int64_t u = 0; u < units; ++u) rows[u] = left[u] + x.part * (right[u] - left[u]);
      rows += units;
    }
  }
}

}  // namespace sonde::inspect
