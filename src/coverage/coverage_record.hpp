// How coverage is written in result files.
#pragma once

#include <span>
#include <string>

#include "coverage/criterion.hpp"
#include "io/h5.hpp"

namespace sonde::coverage {

/// The group `group`: layer_names, layer_sizes, covered (units), and the criterion's definition as an attribute.
void write_coverage(io::H5File& file, std::string const& group, nn::Network const& network, Criterion const& criterion,
                    std::span<std::uint8_t const> state);

}  // namespace sonde::coverage
