// The loops of recurrent layers for any processor.
#include "backend/cpu/onednn/recurrent_rows.inl"

namespace sonde::backend::onednn {

extern RecurrentRows const base_recurrent_rows;
RecurrentRows const base_recurrent_rows = all_rows;

}  // namespace sonde::backend::onednn
