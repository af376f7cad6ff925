// keywords: 1 on whole words of a list.
#include <algorithm>
#include <sstream>

#include "base/check.hpp"
#include "inspect/hypotheses/text_hypothesis.hpp"
#include "io/datasets/file_bytes.hpp"

namespace sonde::inspect {
namespace {

constexpr char const* word = "[\\pL\\pM\\pN_]+";
constexpr std::string_view ignore_case = "(?i)";

class Keywords : public TextHypothesis {
 public:
  Keywords(std::string const& name, std::string const& definition, std::vector<std::string> const& list, bool any_case,
           DataFacts const& facts)
      : TextHypothesis(name, definition, facts), words_(name, word), list_(name, alternatives(name, list, any_case)) {}

 private:
  std::string alternatives(std::string const& name, std::vector<std::string> const& list, bool any_case) const {
    VALIDATE(!list.empty(), "hypothesis " << name << ": its list holds no word (nothing would be marked). Give words.");
    std::string pattern(any_case ? ignore_case : "");
    for (std::string const& entry : list) {
      VALIDATE(words_.matches(entry), "hypothesis " << name << ": '" << entry.substr(0, 40)
                                                    << "' is not one word of letters, digits and _ (whole words are "
                                                       "compared). Give a regex for it.");
      pattern += entry + '|';
    }
    pattern.pop_back();
    return pattern;
  }

  std::vector<TextPart> find(std::string_view text) const override {
    std::vector<TextPart> parts = words_.find(text);
    std::erase_if(
        parts, [&](TextPart const& part) { return !list_.matches(text.substr(part.first, part.last - part.first)); });
    return parts;
  }

  Pattern words_, list_;
};

/// Words between commas, or one a line; blanks around them and empty ones do not count.
std::vector<std::string> split(std::string const& text, char separator) {
  std::vector<std::string> words;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) {
    auto const first = part.find_first_not_of(" \t\r");
    if (first == std::string::npos) continue;
    words.push_back(part.substr(first, part.find_last_not_of(" \t\r") - first + 1));
  }
  return words;
}

}  // namespace

std::unique_ptr<Hypothesis> make_keywords(std::string const& name, std::string const& arguments,
                                          DataFacts const& facts) {
  bool const any_case = arguments.starts_with(ignore_case);
  std::string const list = any_case ? arguments.substr(ignore_case.size()) : arguments;
  std::string definition = "keywords:" + arguments;
  std::vector<std::string> words;
  if (list.starts_with('@')) {
    std::vector<std::uint8_t> const bytes = io::read_whole_file(list.substr(1));
    std::string const text(bytes.begin(), bytes.end());
    words = split(text, '\n');
    definition = "keywords:" + std::string(any_case ? ignore_case : "") + "@\n" + text;
  } else {
    words = split(list, ',');
  }
  return std::make_unique<Keywords>(name, definition, words, any_case, facts);
}

}  // namespace sonde::inspect
