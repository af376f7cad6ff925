#include "backend/cuda/kernels/unit_table.hpp"

#include "backend/cuda/kernels/launch.cuh"

namespace sonde::backend::kernels {

SONDE_ROW_KERNEL(FindNotFinite);
SONDE_ELEMENT_KERNEL(ShiftColumns);
SONDE_ELEMENT_KERNEL(Standardize);
SONDE_ELEMENT_KERNEL(LogisticResiduals);
SONDE_ELEMENT_KERNEL(CountDecisions);
SONDE_ELEMENT_KERNEL(SumSlices);

}  // namespace sonde::backend::kernels
