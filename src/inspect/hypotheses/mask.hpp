// mask:FOLDER|FILE[,size=112][,categories=FILE][,ignore=ID+ID][,support=N]: label images.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sonde::inspect {

/// size= of the masks among hypotheses "NAME=KIND:ARGUMENTS": a record has size * size rows then; 0 without masks.
/// Throws InputError when masks of two sizes are asked for.
std::int64_t mask_size(std::vector<std::string> const& hypotheses);

}  // namespace sonde::inspect
