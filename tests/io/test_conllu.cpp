#include <gtest/gtest.h>

#include <set>

#include "io/annotations/conllu.hpp"
#include "io/dataset_files.hpp"

namespace sonde::io {
namespace {

using namespace test;

/// A line with form, head and misc.
std::string word(std::string const& id, std::string const& form, std::string const& head = "_",
                 std::string const& misc = "_") {
  return id + "\t" + form + "\t_\tX\tY\t_\t" + head + "\tdep\t_\t" + misc + "\n";
}

std::vector<ConlluSentence> read(std::string const& text) {
  ConlluReader reader(put("a.conllu", text));
  std::vector<ConlluSentence> sentences;
  for (ConlluSentence sentence; reader.next(sentence);) sentences.push_back(sentence);
  return sentences;
}

std::string refused(std::string const& text) {
  return refusal([&] { read(text); });
}

TEST(Conllu, ReadsWordsTokensAndTexts) {
  auto const sentences = read("# text = I don't.\n" + word("1", "I", "2") + word("2-3", "don't", "_", "SpaceAfter=No") +
                              word("2", "do", "0") + word("2.1", "empty") + word("3", "n't", "2") +
                              word("4", ".", "2") + "\n\n# a comment\n" + word("1", "a", "0", "Gloss=x|SpaceAfter=No") +
                              word("2", "b", "1") + word("3", "c", "2"));
  ASSERT_EQ(sentences.size(), 2U);
  EXPECT_EQ(sentences[0].text, "I don't.");
  EXPECT_EQ(sentences[0].words.size(), 4U);
  EXPECT_EQ(sentences[0].words[2].form, "n't");
  EXPECT_EQ(sentences[0].words[3].head, 2);
  ASSERT_EQ(sentences[0].tokens.size(), 3U);
  EXPECT_EQ(sentences[0].tokens[1].form, "don't");
  EXPECT_EQ(sentences[0].tokens[1].first_word, 1U);
  EXPECT_EQ(sentences[0].tokens[1].words, 2U);
  EXPECT_FALSE(sentences[0].tokens[1].space_after);
  EXPECT_EQ(sentences[1].text, "ab c");
  EXPECT_EQ(sentences[1].words[0].upos, "X");
  EXPECT_EQ(sentences[1].words[0].deprel, "dep");
}

TEST(Conllu, CountsDepthAlongHeads) {
  auto const sentence = read(word("1", "a", "2") + word("2", "b", "0") + word("3", "c", "1") + word("4", "d", "0"))[0];
  EXPECT_EQ(dependency_depths(sentence, "s"), (std::vector<std::int64_t>{2, 1, 3, 1}));
  auto const circle = read(word("1", "a", "2") + word("2", "b", "3") + word("3", "c", "2"))[0];
  EXPECT_HAS(refusal([&] { dependency_depths(circle, "sentence 7"); }),
             "sentence 7: the heads of its words run in a circle");
  auto const headless = read(word("1", "a"))[0];
  EXPECT_HAS(refusal([&] { dependency_depths(headless, "s"); }), "word 1 has no head");
}

TEST(Conllu, TakesDeepTreesAndLongSentences) {
  std::string text;
  for (int i = 1; i <= 200'000; ++i) text += word(std::to_string(i), "x", std::to_string(i - 1));
  auto const sentence = read(text)[0];
  EXPECT_EQ(dependency_depths(sentence, "s").back(), 200'000);
}

TEST(Conllu, NamesTheLineOfAnError) {
  EXPECT_HAS(refused(word("1", "a") + "2\tb\t_\n"), "a.conllu: line 2 has 3 columns (CoNLL-U has 10");
  EXPECT_HAS(refused("1 a _ _ _ _ _ _ _ _\n"), "line 1 has 1 columns");
  EXPECT_HAS(refused(word("1", "a") + word("3", "b")), "line 2: word '3' stands where word 2 is next");
  EXPECT_HAS(refused(word("x", "a")), "word 'x' stands");
  EXPECT_HAS(refused(word("99999999999999999999999", "a")), "stands where word 1");
  EXPECT_HAS(refused(word("1", "a", "2")), "head 2 of 'a' does not exist (it has 1 words)");
  EXPECT_HAS(refused(word("1", "a", "-1")), "head '-1' is no number of a word");
  EXPECT_HAS(refused(word("1-2", "ab") + word("1", "a")), "ends within a multi-word token");
  EXPECT_HAS(refused(word("2-1", "ab")), "no range of the words that follow");
  EXPECT_HAS(refused(word("1-2", "ab") + word("1-3", "a")), "no range of the words that follow");
  EXPECT_HAS(refused(word("1-99999999999999999999", "ab")), "no range");
  EXPECT_HAS(refused(word("1", "\xff\xfe")), "line 1 is not UTF-8");
  EXPECT_HAS(refused(word("1", "\xed\xa0\x80")), "line 1 is not UTF-8");  // a surrogate
  EXPECT_HAS(refusal([] { ConlluReader("/nowhere/x.conllu"); }), "cannot be opened");
}

TEST(Conllu, RefusesTruncatedGzip) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += word("1", std::to_string(i * 7919), "0") + "\n";
  std::string const bytes = packed(text);
  EXPECT_EQ(conllu_texts(put("whole.conllu.gz", bytes)).size(), 5000U);
  EXPECT_HAS(refusal([&] { conllu_texts(put("cut.conllu.gz", bytes.substr(0, bytes.size() / 2))); }), "ends too early");
}

TEST(Conllu, ReadsTheEnglishWebTreebank) {
  SONDE_NEEDS_SHARED("data/text/en_ewt-ud-dev.conllu.gz");
  ConlluReader reader(shared_path("data/text/en_ewt-ud-dev.conllu.gz"));
  std::size_t sentences = 0, words = 0;
  std::set<std::string> upos, xpos;
  for (ConlluSentence sentence; reader.next(sentence); ++sentences) {
    words += sentence.words.size();
    for (ConlluWord const& word : sentence.words) {
      upos.insert(word.upos);
      xpos.insert(word.xpos);
    }
    // "# text" is what the tokens and their SpaceAfter make.
    std::string joined;
    for (ConlluToken const& token : sentence.tokens) joined += token.form + (token.space_after ? " " : "");
    while (joined.ends_with(' ')) joined.pop_back();
    EXPECT_EQ(sentence.text, joined);
    dependency_depths(sentence, "sentence");
  }
  EXPECT_EQ(sentences, 2001U);
  EXPECT_EQ(words, 25147U);
  EXPECT_EQ(upos.size(), 17U);
  EXPECT_EQ(xpos.size(), 49U);
}

}  // namespace
}  // namespace sonde::io
