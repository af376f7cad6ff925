// Reductions behind unit values.

namespace sonde::backend::lanes {
namespace {

void range(float const* x, int64_t positions, int64_t stride, float* low, float* high) {
  for (int v = 0; v < kLanes; v += kVector) {
    Vector least = load(x + v);
    Vector most = least;
    for (int64_t i = 1; i < positions; ++i) {
      Vector const value = load(x + i * stride * kLanes + v);
      least = value < least ? value : least;
      most = value > most ? value : most;
    }
    store(low + v, least);
    store(high + v, most);
  }
}

/// In chunks of 32, so that the rounding error grows with the square root of the number of positions at worst.
void sum(float const* x, int64_t positions, int64_t stride, float const* offset, float* sums) {
  for (int v = 0; v < kLanes; v += kVector) {
    Vector const less = load(offset + v);
    Vector total{};
    for (int64_t chunk = 0; chunk < positions; chunk += 32) {
      int64_t const end = chunk + 32 < positions ? chunk + 32 : positions;
      Vector part{};
      for (int64_t i = chunk; i < end; ++i) part += load(x + i * stride * kLanes + v) - less;
      total += part;
    }
    store(sums + v, total);
  }
}

}  // namespace
}  // namespace sonde::backend::lanes
