// Scores that are settled, in a checkpoint.
#pragma once

#include "inspect/run.hpp"
#include "inspect/state.hpp"

namespace sonde::inspect {

/// Measures, columns and counts; not the probes. Collective.
void save_result(StateWriter& state, Result const& result);
/// For a result of the same measures whose scores are empty. Not collective.
void load_result(StateReader const& state, Result& result);

}  // namespace sonde::inspect
