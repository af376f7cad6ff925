// The backends under test, by name; a new one is one line in backends.cpp, or in gpu_backends.cpp.
#pragma once

#include <cctype>
#include <memory>
#include <string>
#include <vector>

#include "backend/backend.hpp"

namespace sonde::test {

/// Backends that are compared with the reference.
std::vector<std::string> backend_names();

/// Those of them with a memory of their own.
std::vector<std::string> device_backend_names();

/// Throws std::logic_error for an unknown name.
std::unique_ptr<backend::Backend> make_test_backend(std::string const& name);

/// "cpu/onednn" -> "cpu_onednn": what GoogleTest allows in the name of a test.
inline std::string test_name(std::string name) {
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
}

}  // namespace sonde::test
