#include "io/annotations/conllu.hpp"

#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/check.hpp"

namespace sonde::io {

namespace {

enum Column { id, form, lemma, upos, xpos, feats, head, deprel, deps, misc, column_count };
using Fields = std::array<std::string_view, column_count>;

/// The fields between tabs; their number may differ from column_count.
std::size_t split(std::string_view line, Fields& fields) {
  std::size_t count = 0;
  for (;;) {
    auto const tab = line.find('\t');
    if (count < fields.size()) fields[count] = line.substr(0, tab);
    ++count;
    if (tab == std::string_view::npos) return count;
    line.remove_prefix(tab + 1);
  }
}

std::optional<std::size_t> to_count(std::string_view text) {
  std::size_t value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > 1U << 30U) return std::nullopt;
  return value;
}

bool no_space_after(std::string_view misc_field) {
  while (!misc_field.empty()) {
    auto const bar = misc_field.find('|');
    if (misc_field.substr(0, bar) == "SpaceAfter=No") return true;
    if (bar == std::string_view::npos) return false;
    misc_field.remove_prefix(bar + 1);
  }
  return false;
}

}  // namespace

void ConlluReader::add_line(std::string const& line, ConlluSentence& sentence) {
  std::string const where = "file " + lines_.path() + ": line " + std::to_string(lines_.line());
  Fields fields;
  std::size_t const count = split(line, fields);
  VALIDATE(count == column_count, where << " has " << count << " columns (CoNLL-U has 10, separated by tabs). "
                                        << "Mend the line.");
  if (fields[id].find('.') != std::string_view::npos) return;  // an empty node: not in the text
  auto const dash = fields[id].find('-');
  if (dash != std::string_view::npos) {
    auto const first = to_count(fields[id].substr(0, dash));
    auto const last = to_count(fields[id].substr(dash + 1));
    VALIDATE(first && last && *first < *last && *first == sentence.words.size() + 1 && *first > announced_,
             where << ": '" << fields[id].substr(0, 40) << "' is no range of the words that follow (word "
                   << sentence.words.size() + 1 << " is next). Mend the line.");
    sentence.tokens.push_back(
        {std::string(fields[form]), *first - 1, *last - *first + 1, !no_space_after(fields[misc])});
    announced_ = *last;
    return;
  }
  VALIDATE(to_count(fields[id]) == sentence.words.size() + 1,
           where << ": word '" << fields[id].substr(0, 40) << "' stands where word " << sentence.words.size() + 1
                 << " is next (words are numbered from 1 within a sentence). Mend the line.");
  ConlluWord word{std::string(fields[form]), std::string(fields[lemma]), std::string(fields[upos]),
                  std::string(fields[xpos]), std::string(fields[feats]), std::string(fields[deprel])};
  if (fields[head] != "_") {
    auto const number = to_count(fields[head]);
    VALIDATE(number, where << ": head '" << fields[head].substr(0, 40)
                           << "' is no number of a word (0 is the root). Mend the line.");
    word.head = static_cast<std::int64_t>(*number);
  }
  sentence.words.push_back(std::move(word));
  if (sentence.words.size() > announced_) {
    sentence.tokens.push_back({std::string(fields[form]), sentence.words.size() - 1, 1, !no_space_after(fields[misc])});
  }
}

void ConlluReader::finish(ConlluSentence& sentence) const {
  std::string const where = "file " + lines_.path() + ": the sentence at line " + std::to_string(sentence.line);
  VALIDATE(announced_ <= sentence.words.size(), where << ": it ends within a multi-word token (words up to "
                                                      << announced_ << " were announced, " << sentence.words.size()
                                                      << " came). Mend the sentence.");
  auto const count = static_cast<std::int64_t>(sentence.words.size());
  for (ConlluWord const& word : sentence.words) {
    VALIDATE(word.head <= count, where << ": head " << word.head << " of '" << word.form.substr(0, 40)
                                       << "' does not exist (it has " << count << " words). Mend the sentence.");
  }
  if (!sentence.text.empty()) return;
  for (ConlluToken const& token : sentence.tokens) {
    sentence.text += token.form;
    if (token.space_after && &token != &sentence.tokens.back()) sentence.text += ' ';
  }
}

bool ConlluReader::next(ConlluSentence& sentence) {
  sentence = {};
  announced_ = 0;
  constexpr std::string_view text_mark = "# text =";
  for (std::string line; lines_.next(line);) {
    if (line.empty()) {
      if (sentence.words.empty()) continue;  // blank lines before a sentence
      finish(sentence);
      return true;
    }
    if (line[0] == '#') {
      if (sentence.words.empty() && line.starts_with(text_mark)) {
        std::size_t const start = line.find_first_not_of(' ', text_mark.size());
        sentence.text = start == std::string::npos ? "" : line.substr(start);
      }
      continue;
    }
    if (sentence.line == 0) sentence.line = lines_.line();
    add_line(line, sentence);
  }
  if (sentence.line == 0) return false;
  finish(sentence);  // the last blank line is missing
  return true;
}

bool is_conllu_name(std::string const& path) { return path.ends_with(".conllu") || path.ends_with(".conllu.gz"); }

std::vector<std::string> conllu_texts(std::string const& path) {
  std::vector<std::string> texts;
  ConlluReader reader(path);
  for (ConlluSentence sentence; reader.next(sentence);) texts.push_back(std::move(sentence.text));
  return texts;
}

std::vector<std::int64_t> dependency_depths(ConlluSentence const& sentence, std::string const& subject) {
  std::size_t const count = sentence.words.size();
  std::vector<std::int64_t> depths(count, 0);  // 0: not known yet
  std::vector<std::size_t> path;
  for (std::size_t start = 0; start < count; ++start) {
    path.clear();
    std::size_t word = start;
    std::int64_t depth = 0;  // of the head of the last word on the path
    for (;;) {
      if (depths[word] > 0) {
        depth = depths[word];
        break;
      }
      VALIDATE(path.size() < count, subject << ": the heads of its words run in a circle (from word " << start + 1
                                            << "). Mend the annotation.");
      path.push_back(word);
      std::int64_t const above = sentence.words[word].head;
      VALIDATE(above >= 0, subject << ": word " << word + 1 << " has no head (the depth is counted along heads). "
                                   << "Choose another column.");
      if (above == 0) break;
      word = static_cast<std::size_t>(above - 1);
    }
    for (auto it = path.rbegin(); it != path.rend(); ++it) depths[*it] = ++depth;
  }
  return depths;
}

}  // namespace sonde::io
