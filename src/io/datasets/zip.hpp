// Members of a zip archive (NPZ). Source: PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12, 4.3.16.
#pragma once

#include <cstdint>
#include <string>

#include "io/datasets/file_bytes.hpp"

namespace sonde::io {

struct ZipMember {
  std::string name;
  std::int64_t offset = 0;  // of the member's bytes in the file
  std::int64_t packed_size = 0, size = 0;
  bool deflated = false;
};

bool is_zip(std::span<std::byte const> head);

/// The member called `name` or `name` + `suffix`; an empty name takes the only member. Throws InputError, listing the
/// members, when there is no such; also for damaged archives, encryption, and archives above 4 GiB (zip64).
ZipMember find_zip_member(std::string const& subject, ByteSource const& file, std::string const& name,
                          std::string const& suffix);

}  // namespace sonde::io
