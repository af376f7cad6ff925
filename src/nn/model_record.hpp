// How a model is named in result files.
#pragma once

#include <string>

#include "io/h5.hpp"
#include "nn/network.hpp"

namespace sonde::nn {

/// One line per counted layer: "name <tab> shape <tab> units".
std::string layer_listing(Network const& network);

/// The group /models/<k>: path, sha256 and layers as data sets; format, backend, task and outputs as attributes.
void write_model(io::H5File& file, std::size_t k, Network const& network, std::string const& backend);

}  // namespace sonde::nn
