// What sonde inspect prints when it is done.
#pragma once

#include <string>

#include "comm/communicator.hpp"
#include "inspect/results.hpp"

namespace sonde::app {

/// The `top` strongest pairs of each measure and best decoded hypotheses of each probe. Collective; the text is whole
/// on every rank.
std::string inspect_summary(inspect::Result const& result, inspect::QValues const& q, inspect::UnitSource const& units,
                            inspect::HypothesisSet const& hypotheses, std::size_t top, comm::Communicator const& comm);

}  // namespace sonde::app
