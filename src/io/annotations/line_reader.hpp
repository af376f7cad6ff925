// Text files of annotations, line by line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/datasets/file_bytes.hpp"

namespace sonde::io {

/// Whether `text` is UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
bool is_utf8(std::string_view text);

/// Lines of a plain or gzip file, ended by LF or CRLF. Throws InputError naming the line for one that is not UTF-8 or
/// longer than 64 MiB, and as FileStream.
class LineReader {
 public:
  explicit LineReader(std::string const& path);
  /// The next line without its end; false at the end of the file.
  bool next(std::string& line);
  /// Number of the last line, from 1.
  std::int64_t line() const { return line_; }
  std::string const& path() const { return path_; }

 private:
  bool fill();

  std::string path_;
  FileStream stream_;
  std::vector<std::byte> buffer_;
  std::size_t used_ = 0, filled_ = 0;
  std::int64_t line_ = 0;
};

}  // namespace sonde::io
