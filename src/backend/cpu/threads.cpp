#include "backend/threads.hpp"

#include <cblas.h>
#include <omp.h>

namespace sonde::backend {

// oneDNN is built on OpenMP, whose number of threads belongs to the calling thread; OpenBLAS has one for the process.
void use_one_thread() {
  omp_set_num_threads(1);
  openblas_set_num_threads(1);
}

}  // namespace sonde::backend
