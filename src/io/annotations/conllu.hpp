// CoNLL-U: sentences with a morphological and syntactic annotation of each word
// (https://universaldependencies.org/format.html).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/annotations/line_reader.hpp"

namespace sonde::io {

/// A syntactic word. "_" is the file's mark of an empty field.
struct ConlluWord {
  std::string form, lemma, upos, xpos, feats, deprel;
  std::int64_t head = -1;  // number of a word from 1, 0 for the root, -1 when it is not given
};

/// What stands in the text: one word, or several of a multi-word token such as "don't" = do + n't.
struct ConlluToken {
  std::string form;
  std::size_t first_word = 0, words = 1;
  bool space_after = true;
};

struct ConlluSentence {
  std::int64_t line = 0;  // of its first word, for messages
  std::string text;       // "# text = ...", or the tokens joined as SpaceAfter says
  std::vector<ConlluWord> words;
  std::vector<ConlluToken> tokens;
};

/// Sentence by sentence; empty nodes (5.1) are skipped. Throws InputError naming the line for a line without 10
/// columns, words that are not numbered 1, 2, ..., ranges of words that do not come, and heads that do not exist.
class ConlluReader {
 public:
  explicit ConlluReader(std::string const& path) : lines_(path) {}
  bool next(ConlluSentence& sentence);

 private:
  void add_line(std::string const& line, ConlluSentence& sentence);
  void finish(ConlluSentence& sentence) const;

  LineReader lines_;
  std::size_t announced_ = 0;  // words up to this number belong to a multi-word token
};

bool is_conllu_name(std::string const& path);

/// The texts of all sentences, one record each, in the order of the file.
std::vector<std::string> conllu_texts(std::string const& path);

/// Depth of each word in its dependency tree: 1 for a root, 1 more than its head's otherwise. Throws InputError naming
/// `subject` for heads that run in a circle or are not given.
std::vector<std::int64_t> dependency_depths(ConlluSentence const& sentence, std::string const& subject);

}  // namespace sonde::io
