#include "backend/cuda/kernels/units.hpp"

#include "backend/cuda/kernels/launch.cuh"
#include "backend/cuda/kernels/window.hpp"

namespace sonde::backend::kernels {

SONDE_ROW_KERNEL(SoftmaxForward);
SONDE_ROW_KERNEL(SoftmaxBackward);
SONDE_ELEMENT_KERNEL(LrnForward);
SONDE_ELEMENT_KERNEL(LrnBackward);
SONDE_ROW_KERNEL(UnitValues);
SONDE_ELEMENT_KERNEL(AddUnitGradient);

SONDE_ELEMENT_KERNEL(MaxPoolForward);
SONDE_ELEMENT_KERNEL(MaxPoolBackward);
SONDE_ELEMENT_KERNEL(AveragePoolForward);
SONDE_ELEMENT_KERNEL(AveragePoolBackward);
SONDE_ELEMENT_KERNEL(ConvolutionForward);
SONDE_ELEMENT_KERNEL(ConvolutionBackward);

}  // namespace sonde::backend::kernels
