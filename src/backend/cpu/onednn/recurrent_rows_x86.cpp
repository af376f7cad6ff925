// The table of loops of recurrent layers on x86-64.
#include "backend/cpu/onednn/recurrent_rows.hpp"
#include "base/cpu_isa.hpp"

namespace sonde::backend::onednn {

extern RecurrentRows const base_recurrent_rows, avx2_recurrent_rows;

RecurrentRows const& recurrent_rows(CpuIsa isa) {
  return isa >= CpuIsa::avx2 ? avx2_recurrent_rows : base_recurrent_rows;
}

}  // namespace sonde::backend::onednn
