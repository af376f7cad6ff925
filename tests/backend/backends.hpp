// The backends under test, by name; a new one is one line in backends.cpp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backend/backend.hpp"

namespace sonde::test {

/// Backends that are compared with the reference.
std::vector<std::string> backend_names();

/// Throws std::logic_error for an unknown name.
std::unique_ptr<backend::Backend> make_test_backend(std::string const& name);

/// "cpu/onednn" -> "cpu_onednn": what GoogleTest allows in the name of a test.
std::string test_name(std::string name);

}  // namespace sonde::test
