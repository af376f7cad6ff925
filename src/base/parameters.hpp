// The form "NAME:KEY=VALUE,KEY=VALUE" in which users give a choice and its parameters.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace sonde {

/// Parsed text; each getter marks its key as known, and check_all_used() refuses the rest.
class Parameters {
 public:
  /// Throws InputError when a part has no '=' or a key stands twice. Text after ':' without '=' is allowed as a whole
  /// when `plain` is set ("features:FILE"), and is then value().
  explicit Parameters(std::string const& text, bool plain = false);

  std::string const& name() const { return name_; }
  std::string const& value() const { return value_; }

  /// The value of `key` or the default. Throws InputError naming the choice and the key when it is no number in
  /// [least, most].
  double number(std::string const& key, double otherwise, double least, double most);
  std::int64_t integer(std::string const& key, std::int64_t otherwise, std::int64_t least, std::int64_t most);
  std::string text(std::string const& key, std::string const& otherwise);

  /// Throws InputError naming the first key no getter asked for, and those that exist.
  void check_all_used() const;

 private:
  std::string name_, value_;
  std::map<std::string, std::string> given_;
  std::set<std::string> known_;
};

/// The whole text as a number. Throws InputError, with `what` in the message, when it is none, or not finite.
double parse_number(std::string const& text, std::string const& what);
std::int64_t parse_integer(std::string const& text, std::string const& what);

}  // namespace sonde
