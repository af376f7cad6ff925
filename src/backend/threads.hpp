// Threads inside the numerical libraries.
#pragma once

namespace sonde::backend {

/// Makes oneDNN run single-threaded when called from this thread, and OpenBLAS from any: sonde's own workers are the
/// parallelism, and results must not depend on how a library would split its work. Each worker calls it once.
void use_one_thread();

}  // namespace sonde::backend
