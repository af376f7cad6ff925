// Functions of two numbers, value and derivative, written once: for the reference and for kernels. Of equal values the
// first is the maximum or minimum.
#pragma once

#include "backend/functors/host_device.hpp"
#include "io/models/ops.hpp"

namespace sonde::backend::functors {

SONDE_HOST_DEVICE inline float value(io::BinaryFunction function, float a, float b) {
  switch (function) {
    case io::BinaryFunction::add:
      return a + b;
    case io::BinaryFunction::subtract:
      return a - b;
    case io::BinaryFunction::multiply:
      return a * b;
    case io::BinaryFunction::divide:
      return a / b;
    case io::BinaryFunction::maximum:
      return a >= b ? a : b;
    case io::BinaryFunction::minimum:
      return a <= b ? a : b;
  }
  return 0;
}

/// Derivative by a (side 0) or b (side 1).
SONDE_HOST_DEVICE inline double derivative(io::BinaryFunction function, int side, double a, double b) {
  switch (function) {
    case io::BinaryFunction::add:
      return 1;
    case io::BinaryFunction::subtract:
      return side == 0 ? 1 : -1;
    case io::BinaryFunction::multiply:
      return side == 0 ? b : a;
    case io::BinaryFunction::divide:
      return side == 0 ? 1 / b : -a / (b * b);
    case io::BinaryFunction::maximum:
      return (a >= b) == (side == 0) ? 1 : 0;
    case io::BinaryFunction::minimum:
      return (a <= b) == (side == 0) ? 1 : 0;
  }
  return 0;
}

}  // namespace sonde::backend::functors
