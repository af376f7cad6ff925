// What this build is.
#pragma once

#include <string>

namespace sonde::app {

/// "0.1.0"
std::string version();
/// Commit the build was configured from, "" when unknown.
std::string git_commit();

}  // namespace sonde::app
