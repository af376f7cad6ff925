// Bytes of data files: read in pieces, inflated when they are gzip.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace sonde::io {

/// Bytes that can be read anywhere; any thread may read.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual std::int64_t size() const = 0;
  /// Bytes [offset, offset + target.size()), which lie within size(). Throws InputError when they cannot be read.
  virtual void read(std::int64_t offset, std::span<std::byte> target) const = 0;
};

/// A plain file. Throws InputError when it is no regular file or cannot be opened.
std::unique_ptr<ByteSource> open_file(std::string const& path);

/// All bytes of a small file (an image). Errors as open_file; 1 GiB at most.
std::vector<std::uint8_t> read_whole_file(std::string const& path);

/// A plain or gzip file, front to back. gzip is told by its first bytes, not by the name.
class FileStream {
 public:
  /// Errors as open_file.
  explicit FileStream(std::string const& path);
  ~FileStream();
  FileStream(FileStream const&) = delete;
  FileStream& operator=(FileStream const&) = delete;

  /// Fills `target`, less at the end of the file only; the number of bytes read. Throws InputError when gzip data are
  /// damaged or end too early.
  std::size_t read(std::span<std::byte> target);

 private:
  std::string path_;
  void* file_;  // gzFile
};

bool is_gzip(std::string const& path);

/// The first `count` bytes, inflated; less for a shorter file. Errors as FileStream.
std::vector<std::byte> read_head(std::string const& path, std::size_t count);

/// Inflates a zip member (raw deflate, RFC 1951) into `target`, which it must fill exactly. Throws InputError naming
/// `subject` otherwise.
void inflate_raw(std::string const& subject, std::span<std::byte const> packed, std::span<std::byte> target);

/// Throws InputError when `packed` bytes cannot hold `inflated` ones (deflate shrinks at most 1032 times) or half of
/// the machine's memory is not enough for them: a small hostile file must not take all memory.
void check_inflated_size(std::string const& subject, std::int64_t packed, std::int64_t inflated);

/// Half of the machine's memory, in bytes.
std::int64_t memory_limit();

}  // namespace sonde::io
