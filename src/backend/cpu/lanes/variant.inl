// The kernels of one instruction set: included by variant_*.cpp, each compiled with its own flags.
//
// SONDE_LANES_VECTOR   floats in a vector register
// SONDE_LANES_PARTS    registers a tile works on side by side; 16 lanes take 16 / (vector * parts) passes
// All functions are in an unnamed namespace and nothing but plain data is included, so that no function compiled here
// can be linked into the rest of the program.
#include "backend/cpu/lanes/kernels.hpp"

namespace sonde::backend::lanes {
namespace {

using std::int64_t;

typedef float Vector __attribute__((vector_size(4 * SONDE_LANES_VECTOR)));
typedef Vector LooseVector __attribute__((aligned(4), may_alias));  // at any address
typedef std::int32_t Mask __attribute__((vector_size(4 * SONDE_LANES_VECTOR)));

constexpr int kVector = SONDE_LANES_VECTOR;
constexpr int kParts = SONDE_LANES_PARTS;
constexpr int kPass = kVector * kParts;     // lanes of one pass of a tile
constexpr int kVectors = kLanes / kVector;  // vectors of all lanes

inline Vector load(float const* p) { return *reinterpret_cast<LooseVector const*>(p); }
inline void store(float* p, Vector v) { *reinterpret_cast<LooseVector*>(p) = v; }

struct Range {
  int64_t begin, end;
};

/// The t in [0, taps) with 0 <= first + t * dilation < extent.
inline Range inside(int64_t first, int64_t dilation, int64_t taps, int64_t extent) {
  int64_t begin = first >= 0 ? 0 : -first;
  int64_t end = first >= extent ? 0 : extent - first;
  if (dilation > 1) {  // divisions take long
    begin = (begin + dilation - 1) / dilation;
    end = (end + dilation - 1) / dilation;
  }
  if (end > taps) end = taps;
  return {begin, end > begin ? end : begin};
}

}  // namespace
}  // namespace sonde::backend::lanes

#include "backend/cpu/lanes/kernels_convolution.inl"
#include "backend/cpu/lanes/kernels_pool.inl"
#include "backend/cpu/lanes/kernels_units.inl"

namespace sonde::backend::lanes {
namespace {

constexpr Kernels make_kernels() {
  Kernels table{{}, convolve, copy_rows, max_pool, max_pool_backward, range, sum};
  for (int channels = 1; channels <= kMaxTileChannels; ++channels) table.pixels[channels] = tile_pixels(channels);
  return table;
}

}  // namespace
}  // namespace sonde::backend::lanes
