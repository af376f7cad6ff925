// What a generate run would take: memory, disk and time, from one micro-batch.
#pragma once

#include "comm/communicator.hpp"
#include "generate/setup.hpp"

namespace sonde::app {

/// Runs one micro-batch and prints on rank 0. `threads` workers on each rank; `seeds_done` is what a checkpoint at
/// `resumed_from` (empty: none) holds already. Collective.
void predict_generate(generate::Setup const& setup, comm::Communicator const& comm, int threads,
                      std::string const& resumed_from, std::int64_t seeds_done);

}  // namespace sonde::app
