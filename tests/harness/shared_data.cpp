#include "harness/shared_data.hpp"

#include <unistd.h>

namespace sonde::test {

std::filesystem::path shared_path(std::filesystem::path const& relative) {
  return std::filesystem::path(SONDE_SHARED_DIR) / relative;
}

bool has_shared(std::filesystem::path const& relative) { return std::filesystem::exists(shared_path(relative)); }

std::filesystem::path scratch_path(std::filesystem::path const& name) {
  // The parent process is the launcher for every rank of a run, so that ranks agree on the folder.
  return std::filesystem::temp_directory_path() / ("sonde-test-" + std::to_string(::getppid())) / name;
}

}  // namespace sonde::test
