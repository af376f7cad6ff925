#include "backend/cuda/kernels/row_ops.hpp"

#include "backend/cuda/kernels/draws.hpp"
#include "backend/cuda/kernels/launch.cuh"

namespace sonde::backend::kernels {

SONDE_LIVE_KERNEL(ToModel);
SONDE_LIVE_KERNEL(AddModelGradient);
SONDE_ROW_KERNEL(NormaliseRms);
SONDE_ROW_KERNEL(MeanFill);
SONDE_LIVE_KERNEL(Mask);
SONDE_ROW_KERNEL(DarkPatches);
SONDE_LIVE_KERNEL(FeatureRules);
SONDE_LIVE_KERNEL(Ascend);
SONDE_LIVE_KERNEL(Clip);
SONDE_ROW_KERNEL(Project);
SONDE_LIVE_KERNEL(PickUnits);
SONDE_LIVE_KERNEL(DrawPatches);
SONDE_LIVE_KERNEL(Gather);
SONDE_LIVE_KERNEL(Scatter);

}  // namespace sonde::backend::kernels
