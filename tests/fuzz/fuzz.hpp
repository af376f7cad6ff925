// What the fuzz targets share: the bytes become a file, as a user's file would reach a reader.
//
// A target reads it within reads(). InputError is the right answer to a bad file; any other exception, a report of the
// sanitizers, too much time or memory is a finding (scripts/run_fuzz.sh).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>

#include "base/check.hpp"
#include "base/log.hpp"

namespace sonde::fuzz {

/// A folder of this process alone, under TMPDIR; removed when it ends.
class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "sonde-fuzz-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error(name + ": it cannot be made");
    folder_ = name;
    configure_log(LogLevel::error, 0, 1);
  }
  Scratch(Scratch const&) = delete;
  Scratch& operator=(Scratch const&) = delete;
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::string path(std::string const& name) const { return folder_ + "/" + name; }

 private:
  std::string folder_;
};

inline std::string scratch_path(std::string const& name) {
  static Scratch const scratch;
  return scratch.path(name);
}

/// Writes a file of the scratch folder; its path.
inline std::string put(std::string const& name, std::string_view bytes) {
  std::string const path = scratch_path(name);
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream file(path, std::ios::binary);
  file << bytes << std::flush;
  if (!file) throw std::runtime_error(path + ": it cannot be written");
  return path;
}

inline std::string_view text(std::uint8_t const* data, std::size_t size) {
  return {reinterpret_cast<char const*>(data), size};
}

/// Runs a reader; an InputError ends it, as a user would see it.
inline void reads(std::function<void()> const& reader) {
  try {
    reader();
  } catch (InputError const&) {
  }
}

/// Cuts at the first '\n': what stands before it is returned, `rest` goes on after it.
inline std::string_view first_line(std::string_view& rest) {
  std::size_t const end = std::min(rest.find('\n'), rest.size());
  std::string_view const line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

}  // namespace sonde::fuzz

/// Called by libFuzzer with each input.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);
