// Regular expressions over a record's text. RE2: linear in time, so that no pattern hangs a run.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace sonde::inspect {

/// Bytes [first, last) of a text.
struct TextPart {
  std::size_t first = 0, last = 0;
};

class Pattern {
 public:
  /// Most memory of a compiled pattern and its search; a search that would need more goes on without its cache, slower.
  static constexpr int memory_mib = 64;

  /// RE2 syntax over UTF-8. Throws InputError naming the hypothesis, with RE2's reason, for a pattern that does not
  /// compile or is too large, and when it has no group of that number (0: the whole match).
  Pattern(std::string const& name, std::string const& pattern, int group = 0);
  ~Pattern();
  Pattern(Pattern&&) noexcept;

  /// What the group holds in each match, from left to right; matches do not overlap, parts are not empty. Thread safe.
  std::vector<TextPart> find(std::string_view text) const;
  /// Whether the pattern matches the whole text. Thread safe.
  bool matches(std::string_view text) const;

 private:
  std::unique_ptr<re2::RE2> regex_;
  int group_;
};

}  // namespace sonde::inspect
