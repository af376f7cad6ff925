// The symbols a model was trained on, and how text is cut into them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sonde::io {

/// A symbol at the beginning of a text.
struct TextSymbol {
  std::size_t bytes = 0;  // 0: there is none
  std::int32_t id = 0;
  bool known = true;  // false: a character that stands for itself in no vocabulary, given the id of unknown ones
};

/// Ids are below this: a float32 holds each.
constexpr std::int64_t most_ids = 1 << 24;

/// Bytes of one character of UTF-8 at the beginning of `text` (RFC 3629); 0 when it is none.
std::size_t utf8_length(std::string_view text);

class Vocabulary {
 public:
  /// Bytes of a symbol at most.
  static constexpr std::size_t longest_symbol = 256;

  /// Reads {"symbol": id, ...}. `unknown`: the id of characters that are no symbol; without it the symbol "<unk>", if
  /// there is one, gives it. Several symbols may have one id. Throws InputError for JSON that is damaged or holds
  /// anything else, for symbols that are empty, stand twice or have more than longest_symbol bytes, and for ids that
  /// are no whole numbers in [0, most_ids).
  Vocabulary(std::string const& path, std::optional<std::int64_t> unknown);

  /// The longest symbol that `text` begins with; failing that the unknown character; failing that none.
  TextSymbol match(std::string_view text) const;

  std::string const& path() const { return path_; }
  std::string const& sha256() const { return sha256_; }
  std::size_t size() const { return ids_.size(); }
  std::int64_t largest_id() const { return largest_; }
  /// Whether a symbol holds '\r': line ends are then left as they are.
  bool carriage_return() const { return carriage_return_; }

 private:
  void add(std::string const& symbol, std::int32_t id);

  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::string path_, sha256_;
  std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>> ids_;
  std::array<std::vector<std::size_t>, 256> lengths_;  // by first byte: those of its symbols, longest first
  std::optional<std::int32_t> unknown_;
  std::int64_t largest_ = 0;
  bool carriage_return_ = false;
};

}  // namespace sonde::io
