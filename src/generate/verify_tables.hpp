// Whether the tables of a result say the same of its seeds and rounds.
#pragma once

#include <string>
#include <vector>

#include "generate/setup.hpp"
#include "io/h5.hpp"

namespace sonde::generate {

/// What the tables contradict each other in, one line each, at most one of a kind: /findings and /finding_data, order
/// and columns of /findings, /seeds and /findings, /coverage_history and all of them. Throws InputError when one is
/// missing or its columns differ in length.
std::vector<std::string> check_tables(io::H5File const& file, Setup const& setup);

}  // namespace sonde::generate
