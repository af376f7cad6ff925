// class: 1 on symbols that hold a character of a class.
#include <algorithm>
#include <cctype>
#include <string_view>

#include "base/check.hpp"
#include "base/registry.hpp"
#include "inspect/hypotheses/text_hypothesis.hpp"
#include "io/datasets/text_vocabulary.hpp"

namespace sonde::inspect {
namespace {

/// Unicode's general categories, in RE2's names for them.
Registry<char const*> const& classes() {
  static Registry<char const*> const registry("class", {{"letter", "[\\pL\\pM]"},
                                                        {"digit", "\\p{Nd}"},
                                                        {"upper", "\\p{Lu}"},
                                                        {"lower", "\\p{Ll}"},
                                                        {"space", "[\\s\\pZ]"},
                                                        {"punct", "[\\pP\\pS]"},
                                                        {"vowel", "[aeiouAEIOU]"},
                                                        {"word", "[\\pL\\pM\\pN_]"}});
  return registry;
}

/// "[\x{61}\x{e9}]" for "aé"
std::string set_of(std::string const& name, std::string_view characters) {
  VALIDATE(!characters.empty(), "hypothesis " << name << ": chars: names no characters. Write e.g. class:chars:()[].");
  std::string set = "[";
  while (!characters.empty()) {
    std::size_t const length = io::utf8_length(characters);
    VALIDATE(length > 0, "hypothesis " << name << ": its characters are not UTF-8. Convert the command line.");
    // Every character that means something within a set is ASCII and no letter or digit.
    bool const plain = length > 1 || std::isalnum(static_cast<unsigned char>(characters[0])) != 0;
    set += (plain ? "" : "\\") + std::string(characters.substr(0, length));
    characters.remove_prefix(length);
  }
  return set + ']';
}

}  // namespace

std::unique_ptr<Hypothesis> make_class(std::string const& name, std::string const& arguments, DataFacts const& facts) {
  constexpr std::string_view chars = "chars:";
  std::string set;
  if (arguments.starts_with(chars)) {
    set = set_of(name, std::string_view(arguments).substr(chars.size()));
  } else {
    auto const names = classes().names();
    VALIDATE(std::find(names.begin(), names.end(), arguments) != names.end(),
             "hypothesis " << name << ": class '" << arguments
                           << "' is unknown (no such class). Choose one of: " << join(names) << ", or chars:LIST.");
    set = classes().at(arguments);
  }
  return make_match(name, "class:" + arguments, Pattern(name, set + '+'), facts);
}

}  // namespace sonde::inspect
