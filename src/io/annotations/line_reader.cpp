#include "io/annotations/line_reader.hpp"

#include <algorithm>
#include <cstring>

#include "base/check.hpp"

namespace sonde::io {

namespace {

/// Bytes of the character that starts `text`; 0 when it is no UTF-8 (RFC 3629, section 4).
std::size_t character_bytes(std::string_view text) {
  auto const byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned>(static_cast<unsigned char>(text[i])) : 0U;
  };
  auto const tail = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  unsigned const first = byte(0);
  if (first < 0x80U) return 1;
  if (first >= 0xC2U && first <= 0xDFU) return tail(1) ? 2 : 0;
  if (first >= 0xE0U && first <= 0xEFU) {
    bool const overlong = first == 0xE0U && byte(1) < 0xA0U;
    bool const surrogate = first == 0xEDU && byte(1) > 0x9FU;
    return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0U && first <= 0xF4U) {
    bool const overlong = first == 0xF0U && byte(1) < 0x90U;
    bool const too_large = first == 0xF4U && byte(1) > 0x8FU;
    return tail(1) && tail(2) && tail(3) && !overlong && !too_large ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    std::size_t const bytes = character_bytes(text);
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

LineReader::LineReader(std::string const& path) : path_(path), stream_(path), buffer_(1 << 16) {}

bool LineReader::fill() {
  if (used_ == filled_) {
    filled_ = stream_.read(buffer_);
    used_ = 0;
  }
  return filled_ > 0;
}

bool LineReader::next(std::string& line) {
  constexpr std::size_t longest = 1 << 26;
  line.clear();
  if (!fill()) return false;
  ++line_;
  bool ended = false;
  while (!ended && fill()) {
    auto const begin = buffer_.begin() + static_cast<std::ptrdiff_t>(used_);
    auto const end = buffer_.begin() + static_cast<std::ptrdiff_t>(filled_);
    auto const stop = std::find(begin, end, std::byte{'\n'});
    ended = stop != end;
    line.append(reinterpret_cast<char const*>(&*begin), static_cast<std::size_t>(stop - begin));
    used_ += static_cast<std::size_t>(stop - begin) + (ended ? 1 : 0);
    VALIDATE(line.size() <= longest, "file "
                                         << path_ << ": line " << line_
                                         << " has more than 64 MiB (no annotation has such lines). Check the file.");
  }
  if (line.ends_with('\r')) line.pop_back();
  if (line_ == 1 && line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);  // byte order mark
  VALIDATE(is_utf8(line),
           "file " << path_ << ": line " << line_
                   << " is not UTF-8 (names of labels and tokens are). Convert the file, e.g. by iconv.");
  return true;
}

}  // namespace sonde::io
