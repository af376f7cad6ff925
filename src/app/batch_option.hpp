// --batch: how many samples go through the models at once, or auto.
#pragma once

#include <optional>

#include "app/common_options.hpp"

namespace sonde::app {

/// What --batch auto is chosen by.
struct BatchUse {
  bool gradient = false;        // whether gradients are held beside activations
  std::int64_t on_cpu = 64;     // its value where there is no GPU
  std::int64_t most = 1 << 14;  // and its largest one on a GPU
};

/// The number given, or nothing for "auto". Throws InputError.
std::optional<std::int64_t> batch_given(CommandLine const& line);

/// The batch of a run. What auto is, the same on all ranks, is put into `line`, so that a result says it. Collective.
/// Throws InputError.
std::int64_t settle_batch(CommandLine& line, std::vector<std::shared_ptr<nn::Network const>> const& networks,
                          BatchUse const& use, comm::Communicator const& comm);

}  // namespace sonde::app
