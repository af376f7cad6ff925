#include "io/datasets/zip.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "base/registry.hpp"

namespace sonde::io {

namespace {

constexpr std::uint32_t local_signature = 0x04034b50, central_signature = 0x02014b50, end_signature = 0x06054b50;
constexpr std::int64_t end_size = 22, central_size = 46, local_size = 30;

/// Little-endian number of `width` bytes at `offset`, which lies within `bytes`.
std::uint32_t number(std::span<std::byte const> bytes, std::size_t offset, std::size_t width) {
  std::uint32_t value = 0;
  for (std::size_t k = 0; k < width; ++k) value |= std::to_integer<std::uint32_t>(bytes[offset + k]) << (8 * k);
  return value;
}

[[noreturn]] void refuse_damaged(std::string const& subject) {
  SONDE_FAIL_AS(InputError, subject << ": its zip directory is damaged (or the file is truncated). Copy it again.");
}

/// Reads [offset, offset + count), which need not lie within the file.
std::vector<std::byte> read_part(std::string const& subject, ByteSource const& file, std::int64_t offset,
                                 std::int64_t count) {
  if (offset < 0 || count > file.size() || offset > file.size() - count) refuse_damaged(subject);
  std::vector<std::byte> bytes(static_cast<std::size_t>(count));
  file.read(offset, bytes);
  return bytes;
}

/// The central directory: what stands at the end of the file says where it is.
std::vector<std::byte> read_directory(std::string const& subject, ByteSource const& file) {
  std::int64_t const reach = std::min<std::int64_t>(file.size(), end_size + 0xffff);  // a comment may follow
  auto const tail = read_part(subject, file, file.size() - reach, reach);
  for (std::int64_t at = reach - end_size; at >= 0; --at) {
    auto const end = std::span(tail).subspan(static_cast<std::size_t>(at));
    bool const reaches_end = static_cast<std::int64_t>(end.size()) == end_size + number(end, 20, 2);
    if (number(end, 0, 4) == end_signature && reaches_end)
      return read_part(subject, file, number(end, 16, 4), number(end, 12, 4));
  }
  refuse_damaged(subject);
}

/// The bytes of a member start after its local header, whose extra field may differ from the directory's.
void find_bytes(std::string const& subject, ByteSource const& file, ZipMember& member) {
  auto const local = read_part(subject, file, member.offset, local_size);
  if (number(local, 0, 4) != local_signature) refuse_damaged(subject);
  member.offset += local_size + number(local, 26, 2) + number(local, 28, 2);
  if (member.packed_size > file.size() || member.offset > file.size() - member.packed_size) refuse_damaged(subject);
}

ZipMember read_entry(std::string const& subject, std::span<std::byte const> entry) {
  ZipMember member;
  auto const length = number(entry, 28, 2);
  if (entry.size() < static_cast<std::size_t>(central_size) + length) refuse_damaged(subject);
  member.name.assign(reinterpret_cast<char const*>(entry.data()) + central_size, length);
  std::uint32_t const method = number(entry, 10, 2);
  member.deflated = method == 8;
  member.packed_size = number(entry, 20, 4);
  member.size = number(entry, 24, 4);
  member.offset = number(entry, 42, 4);
  bool const encrypted = (number(entry, 8, 2) & 1) != 0;
  bool const large = std::max({member.packed_size, member.size, member.offset}) == 0xffffffff;
  VALIDATE(!large, subject << ": the archive is above 4 GiB (zip64 is not read). Save its arrays as NPY files.");
  VALIDATE(!encrypted && (method == 0 || method == 8),
           subject << ": member " << member.name << " is encrypted or of compression method " << method
                   << " (stored and deflated ones are read). Save it with numpy.savez.");
  if (method == 0 && member.packed_size != member.size) refuse_damaged(subject);
  return member;
}

}  // namespace

bool is_zip(std::span<std::byte const> head) {
  return head.size() >= 4 && (number(head, 0, 4) == local_signature || number(head, 0, 4) == end_signature);
}

ZipMember find_zip_member(std::string const& subject, ByteSource const& file, std::string const& name,
                          std::string const& suffix) {
  auto const directory = read_directory(subject, file);
  std::vector<ZipMember> members;
  std::vector<std::string> names;
  for (std::span<std::byte const> rest = directory; static_cast<std::int64_t>(rest.size()) >= central_size;) {
    if (number(rest, 0, 4) != central_signature) refuse_damaged(subject);
    members.push_back(read_entry(subject, rest));
    names.push_back(members.back().name);
    std::size_t const length =
        static_cast<std::size_t>(central_size) + number(rest, 28, 2) + number(rest, 30, 2) + number(rest, 32, 2);
    rest = rest.subspan(std::min(length, rest.size()));
  }
  for (ZipMember& member : members) {
    bool const wanted = name.empty() ? members.size() == 1 : member.name == name || member.name == name + suffix;
    if (!wanted) continue;
    find_bytes(subject, file, member);
    return member;
  }
  SONDE_FAIL_AS(InputError, subject << ": " << (name.empty() ? "no array is named" : "it has no array '" + name + "'")
                                    << " (it holds " << join(names) << "). Give FILE.npz:NAME.");
}

}  // namespace sonde::io
