// The form "FILE[:PART][,KEY=VALUE...]" of hypotheses that are read from files.
#pragma once

#include <functional>
#include <string>

#include "base/parameters.hpp"

namespace sonde::inspect {

struct FileArgument {
  std::string path, part;  // the longest path that exists counts, so that either may hold ':'
  Parameters parameters;
};

/// Takes `arguments` apart; what is left before the last ",KEY=VALUE" is the file. Throws InputError when there is no
/// such file, and as Parameters.
FileArgument parse_file_argument(std::string const& kind, std::string const& arguments);

/// Runs `work`; an InputError of it gets "hypothesis NAME: " put before.
void for_hypothesis(std::string const& name, std::function<void()> const& work);

}  // namespace sonde::inspect
