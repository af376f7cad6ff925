// The loops of recurrent layers for avx2.
#include "backend/cpu/onednn/recurrent_rows.inl"

namespace sonde::backend::onednn {

extern RecurrentRows const avx2_recurrent_rows;
RecurrentRows const avx2_recurrent_rows = all_rows;

}  // namespace sonde::backend::onednn
