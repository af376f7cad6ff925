// The kinds of hypotheses by name. A new kind is one file, one line here and in CMakeLists.txt, one test file.
#include "base/registry.hpp"
#include "base/check.hpp"
#include "inspect/hypotheses/hypothesis.hpp"

namespace sonde::inspect {
namespace {

struct Kind {
  MakeHypothesis* make;
  char const* usage;
};

Registry<Kind> const& kinds() {
  static Registry<Kind> const registry(
      "hypothesis kind",
      {{"regex", {make_regex, "regex:PATTERN  1 on every symbol of a match (RE2 syntax; (?i) ignores case)"}},
       {"regex-ends", {make_regex_ends, "regex-ends:PATTERN  1 on the first and the last symbol of a match"}},
       {"regex-group", {make_regex_group, "regex-group:N:PATTERN  1 on what group N of a match holds"}},
       {"class",
        {make_class,
         "class:letter|digit|upper|lower|space|punct|vowel|word|chars:LIST  1 on symbols that hold such a character"}},
       {"keywords",
        {make_keywords, "keywords:WORD,WORD,..|@FILE  1 on whole words of a list; (?i) before it ignores case"}},
       {"position", {make_position, "position[:end|word|line]  number of a symbol in its record, word or line"}},
       {"labels",
        {make_labels,
         "labels:FILE[:COLUMN][,as=number|category][,support=20]  a column of HDF5, TSV, CSV or CoNLL-U (upos, xpos, "
         "deprel, feats, feats.KEY, head-distance, depth)"}},
       {"spans",
        {make_spans,
         "spans:FILE[:GROUP]:time|signal|depth[,support=20]  spans of HDF5 or bracketed trees: 1 on all of "
         "a span, 1 on its ends, number of spans around"}},
       {"mask",
        {make_mask,
         "mask:FOLDER|FILE[,size=112][,categories=FILE][,ignore=ID+ID][,support=20]  label images of the records"}},
       {"python", {make_python, "python:FILE.py  one column, NAME.FUNCTION, for each public function of the file"}}});
  return registry;
}

}  // namespace

std::unique_ptr<Hypothesis> make_hypothesis(std::string const& text, DataFacts const& facts) {
  auto const equals = text.find('=');
  std::string const name = text.substr(0, equals);
  VALIDATE(equals != std::string::npos && !name.empty(),
           "--hypothesis '" << text << "': it has no name (scores are reported by it). Write NAME=KIND:ARGUMENTS, e.g. "
                            << "digits=regex:[0-9]+.");
  for (std::string const& kind : kinds().names()) {
    VALIDATE(!name.starts_with(kind + ":"), "--hypothesis '" << text << "': its name would be '" << name << "' ('"
                                                             << kind << ":' begins a definition). Write NAME=" << text
                                                             << '.');
  }
  std::string const definition = text.substr(equals + 1);
  auto const colon = definition.find(':');
  Kind const* kind = nullptr;
  try {
    kind = &kinds().at(definition.substr(0, colon));
  } catch (InputError const& error) {
    SONDE_FAIL_AS(InputError, "hypothesis " << name << ": " << error.what());
  }
  return kind->make(name, colon == std::string::npos ? "" : definition.substr(colon + 1), facts);
}

std::vector<std::string> hypothesis_usage() {
  std::vector<std::string> lines;
  for (std::string const& name : kinds().names()) lines.emplace_back(kinds().at(name).usage);
  return lines;
}

}  // namespace sonde::inspect
