#include "backend/threads.hpp"

#include <omp.h>

namespace sonde::backend {

// oneDNN is built on OpenMP, whose number of threads belongs to the calling thread.
void use_one_thread() { omp_set_num_threads(1); }

}  // namespace sonde::backend
