// regex, regex-ends, regex-group: 1 where a regular expression matches.
#include "inspect/hypotheses/regex.hpp"

#include <re2/re2.h>

#include <algorithm>

#include "base/check.hpp"
#include "base/parameters.hpp"
#include "inspect/hypotheses/text_hypothesis.hpp"
#include "io/datasets/text_vocabulary.hpp"

namespace sonde::inspect {

Pattern::Pattern(std::string const& name, std::string const& pattern, int group) : group_(group) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(std::int64_t{memory_mib} << 20);
  regex_ = std::make_unique<re2::RE2>(pattern, options);
  VALIDATE(!pattern.empty(), "hypothesis " << name << ": its pattern is empty (it would match nothing). Write one.");
  VALIDATE(regex_->ok(), "hypothesis " << name << ": the pattern '" << pattern.substr(0, 200) << "' does not compile ("
                                       << regex_->error() << "). Write it as RE2 does: "
                                       << "https://github.com/google/re2/wiki/Syntax.");
  VALIDATE(group >= 0 && group <= regex_->NumberOfCapturingGroups(),
           "hypothesis " << name << ": the pattern '" << pattern.substr(0, 200) << "' has "
                         << regex_->NumberOfCapturingGroups() << " groups (group " << group
                         << " is asked for). Give a group from 0, the whole match.");
}

Pattern::~Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;

std::vector<TextPart> Pattern::find(std::string_view text) const {
  std::vector<TextPart> parts;
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(group_) + 1);
  re2::StringPiece const whole(text.data(), text.size());
  auto const place = [&](char const* at) { return static_cast<std::size_t>(at - text.data()); };
  for (std::size_t from = 0; from < text.size();) {
    if (!regex_->Match(whole, from, text.size(), re2::RE2::UNANCHORED, groups.data(), group_ + 1)) break;
    std::size_t const end = place(groups[0].data()) + groups[0].size();
    re2::StringPiece const& part = groups.back();
    if (!part.empty()) parts.push_back({place(part.data()), place(part.data()) + part.size()});
    // After a match of no length the search goes on behind the next character.
    from = groups[0].empty() ? end + std::max<std::size_t>(io::utf8_length(text.substr(end)), 1) : end;
  }
  return parts;
}

bool Pattern::matches(std::string_view text) const {
  return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *regex_);
}

std::unique_ptr<Hypothesis> make_regex(std::string const& name, std::string const& arguments, DataFacts const& facts) {
  return make_match(name, "regex:" + arguments, Pattern(name, arguments), facts);
}

std::unique_ptr<Hypothesis> make_regex_ends(std::string const& name, std::string const& arguments,
                                            DataFacts const& facts) {
  return make_match(name, "regex-ends:" + arguments, Pattern(name, arguments), facts, TextHypothesis::Mark::ends);
}

std::unique_ptr<Hypothesis> make_regex_group(std::string const& name, std::string const& arguments,
                                             DataFacts const& facts) {
  auto const colon = arguments.find(':');
  VALIDATE(colon != std::string::npos,
           "hypothesis " << name << ": 'regex-group:" << arguments << "' names no group. Write regex-group:N:PATTERN.");
  std::int64_t const group = parse_integer(arguments.substr(0, colon), "hypothesis " + name + ": the group");
  VALIDATE(group >= 0 && group < 1000, "hypothesis " << name << ": group " << group << " is out of range (0 to 999).");
  Pattern pattern(name, arguments.substr(colon + 1), static_cast<int>(group));
  return make_match(name, "regex-group:" + arguments, std::move(pattern), facts);
}

}  // namespace sonde::inspect
