// The table of loops of recurrent layers where only those for any processor are built.
#include "backend/cpu/onednn/recurrent_rows.hpp"

namespace sonde::backend::onednn {

extern RecurrentRows const base_recurrent_rows;

RecurrentRows const& recurrent_rows(CpuIsa) { return base_recurrent_rows; }

}  // namespace sonde::backend::onednn
