// The geometry of a windowed op, for its kernels.
#pragma once

#include "backend/cuda/kernels/window.hpp"
#include "base/shape.hpp"

namespace sonde::backend::device_ops {

inline kernels::Images images(Shape const& in, Shape const& out, io::Window const& window) {
  return {in[0], in[1], in[2], out[0], out[1], out[2], window};
}

}  // namespace sonde::backend::device_ops
