// Where bytes and results come from: checksums and times.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace sonde::io {

/// SHA-256 of bytes that come in parts.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void update(std::span<std::byte const> bytes);
  /// The checksum of everything so far as 64 hexadecimal digits; update() may not follow.
  std::string hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string sha256_of(std::span<std::byte const> bytes);

/// Checksum of a file's bytes. Throws InputError when it cannot be read.
std::string sha256_of_file(std::string const& path);

/// Checksum of the bytes of several files, one after the other.
std::string sha256_of_files(std::vector<std::string> const& paths);

/// The present time as "2024-05-31T23:59:59Z".
std::string iso_time();

}  // namespace sonde::io
