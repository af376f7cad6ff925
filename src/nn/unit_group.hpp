// Groups of units that a user names: "conv1", "lstm1:0-127", "*".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nn/network.hpp"

namespace sonde::nn {

/// Consecutive units of one node's output.
struct UnitGroup {
  std::string layer;  // counted layer, node that is not counted, or node=NAME
  int node = 0;
  std::int64_t first = 0, count = 0;  // along the last axis of the node's output
};

/// Reads LAYER, LAYER:a or LAYER:a-b (both included, from 0), or "*" for all counted layers. LAYER is a counted layer
/// or any other node, as `sonde describe` prints them; node=NAME is the node where a layer has the same name. Throws
/// InputError naming the known layers.
std::vector<UnitGroup> parse_units(std::string const& text, Network const& network);

}  // namespace sonde::nn
