#include "backend/cuda/kernels/elementwise.hpp"

#include "backend/cuda/kernels/launch.cuh"
#include "backend/cuda/kernels/moving.hpp"

namespace sonde::backend::kernels {

SONDE_ELEMENT_KERNEL(Add);
SONDE_ELEMENT_KERNEL(ActivationForward);
SONDE_ELEMENT_KERNEL(ActivationBackward);
SONDE_ELEMENT_KERNEL(BiasActivation);
SONDE_ELEMENT_KERNEL(ScaleShiftForward);
SONDE_ELEMENT_KERNEL(ScaleShiftBackward);
SONDE_ELEMENT_KERNEL(PReluForward);
SONDE_ELEMENT_KERNEL(PReluBackward);
SONDE_ELEMENT_KERNEL(EmbeddingForward);

SONDE_ELEMENT_KERNEL(MoveBlocks);
SONDE_ELEMENT_KERNEL(Rearrange);
SONDE_ELEMENT_KERNEL(Mean);
SONDE_ELEMENT_KERNEL(MeanBackward);
SONDE_ELEMENT_KERNEL(BinaryForward);
SONDE_ELEMENT_KERNEL(BinaryBackward);

}  // namespace sonde::backend::kernels
