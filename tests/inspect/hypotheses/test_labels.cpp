#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "comm/communicator.hpp"
#include "io/annotations/conllu.hpp"
#include "io/h5.hpp"
#include "text_data.hpp"

namespace sonde::inspect {
namespace {

using namespace test;
using Names = std::vector<std::string>;
using Rows = std::vector<std::string>;

/// Ids from 3 on for the characters of `text` and those of ASCII that are printed.
std::string vocabulary(std::string const& more = "") {
  std::string json = "{";
  int id = 3;
  for (char c = ' '; c < 127; ++c) {
    json += std::string(c == ' ' ? "" : ",") + "\"" + (c == '"' || c == '\\' ? "\\" : "") + c +
            "\":" + std::to_string(id++);
  }
  return json + more + "}";
}

DataFacts plain(std::int64_t records, std::int64_t symbols) {
  DataFacts facts;
  facts.records = records;
  facts.symbols = symbols;
  return facts;
}

std::string word(int id, std::string const& form, std::string const& upos, int head, std::string const& feats = "_") {
  return std::to_string(id) + "\t" + form + "\t_\t" + upos + "\t_\t" + feats + "\t" + std::to_string(head) +
         "\tdep\t_\t_\n";
}

TEST(Labels, OfSymbolsInATable) {
  DataFacts const facts = plain(2, 3);
  std::string const path = put("labels.tsv", "NN\nVB\nVB\n\n_\nNN\nDT\n");
  auto const labels = make_hypothesis("pos=labels:" + path + ",support=2", facts);
  EXPECT_EQ(labels->columns(), (Names{"pos=NN", "pos=VB"}));
  EXPECT_EQ(values(*labels, facts), (Rows{"100|010", "011|000"}));
  EXPECT_EQ(values(*labels, facts, {1, 0, 1}), (Rows{"010|100|010", "000|011|000"}));
  EXPECT_FALSE(labels->partial());
  EXPECT_EQ(make_hypothesis("p=labels:" + path + ",support=1", facts)->columns(), (Names{"p=DT", "p=NN", "p=VB"}));
  EXPECT_HAS(
      refusal_of("p=labels:" + path, facts),
      "hypothesis p: no label is on 20 symbols of the data (the most frequent, NN, is on 2). Give a smaller support=");
}

TEST(Labels, ThatAreNumbers) {
  DataFacts const facts = plain(2, 3);
  std::string const path = put("numbers.tsv", "1\n2.5\n-1\n\n7\n10\n2\n");
  EXPECT_EQ(values_of("labels:" + path, facts), "12.5-1|7102");
  auto const categories = make_hypothesis("n=labels:" + path + ",as=category,support=1", facts);
  EXPECT_EQ(categories->columns(), (Names{"n=-1", "n=1", "n=2", "n=2.5", "n=7", "n=10"}));  // by value
  EXPECT_EQ(values(*categories, facts)[5], "000|010");
}

TEST(Labels, OfRecordsHoldForAllTheirSymbols) {
  std::string const path = put("records.csv", "id,class\na,3\nb,5\n");
  EXPECT_EQ(values_of("labels:" + path + ":class", plain(2, 1)), "3|5");
  EXPECT_EQ(values_of("labels:" + path + ":class", plain(2, 3)), "333|555");
  auto const categories = make_hypothesis("c=labels:" + path + ":class,as=category,support=3", plain(2, 3));
  EXPECT_EQ(values(*categories, plain(2, 3)), (Rows{"111|000", "000|111"}));
}

TEST(Labels, OfHdf5) {
  std::string const path = put("labels.h5", "");
  io::H5File file = io::H5File::create(path);
  file.write<std::int32_t>("a/b", std::vector<std::int32_t>{0, 1, 2, 3, 4, 5}, {2, 3});
  file.write<float>("bad", std::vector<float>{0, 1, 2, 3, 4, INFINITY}, {2, 3});
  file.write_texts("tags", {"x", "y"});
  file.close();
  EXPECT_EQ(values_of("labels:" + path + ":/a/b", plain(2, 3)), "012|345");
  auto const tags = make_hypothesis("t=labels:" + path + ":/tags,support=1", plain(2, 1));
  EXPECT_EQ(tags->columns(), (Names{"t=x", "t=y"}));
  EXPECT_HAS(refusal_of("h=labels:" + path + ":/a/b", plain(2, 4)),
             "hypothesis h: record 0 has 3 labels but 4 symbols (one label for each is needed)");
  EXPECT_HAS(refusal_of("h=labels:" + path + ":/a/b", plain(3, 3)), "they are of 2 records but the data have 3");
  EXPECT_HAS(refusal_of("h=labels:" + path + ":/bad", plain(2, 3)), "record 1, symbol 2 is inf");
}

TEST(Labels, FollowTheSymbolsOfAText) {
  TextData const data("ab c\nd\n", vocabulary(), "left,0");  // start symbol, padding to the left
  ASSERT_EQ(data.facts.symbols, 5);
  std::string const path = put("text.tsv", "1\n2\n3\n4\n\n9\n");
  EXPECT_EQ(values_of("labels:" + path, data.facts), "01234|00009");
  std::string const tags = put("tags.tsv", "x\nx\ny\nx\n\ny\n");
  auto const labels = make_hypothesis("t=labels:" + tags + ",support=1", data.facts);
  EXPECT_EQ(values(*labels, data.facts), (Rows{"01101|00000", "00010|00001"}));
  std::string const wrong = put("wrong.tsv", "1\n2\n3\n4\n\n9\n8\n");
  EXPECT_HAS(refusal_of("h=labels:" + wrong, data.facts), "hypothesis h: record 1 has 2 labels but 1 symbols");
}

TEST(Labels, RefuseWhatIsNotGiven) {
  std::string const path = put("labels.tsv", "1\n2\n");
  EXPECT_HAS(refusal_of("h=labels:/no/where.tsv", plain(2, 1)),
             "hypothesis h: labels:/no/where.tsv: there is no such file");
  EXPECT_HAS(refusal_of("h=labels:", plain(2, 1)), "no file is named");
  EXPECT_HAS(refusal_of("h=labels:" + path + ",sort=1", plain(2, 1)), "labels has no parameter 'sort'");
  EXPECT_HAS(refusal_of("h=labels:" + path + ",as=text", plain(2, 1)), "labels:as 'text' is unknown");
  EXPECT_HAS(refusal_of("h=labels:" + path + ",support=0", plain(2, 1)), "support=0 is outside");
  EXPECT_HAS(refusal_of("h=labels:" + path, plain(3, 1)), "they are of 2 records but the data have 3");
}

TEST(Labels, HaveAFingerprintOfContentAndArguments) {
  auto const fingerprint = [](std::string const& arguments) {
    return make_hypothesis("h=labels:" + arguments, plain(2, 1))->fingerprint();
  };
  std::string const path = put("a.tsv", "1\n2\n");
  std::string const first = fingerprint(path);
  EXPECT_EQ(first, fingerprint(put("b.tsv", "1\n2\n")));
  EXPECT_NE(first, fingerprint(path + ",as=category,support=1"));
  EXPECT_NE(first, fingerprint(put("a.tsv", "1\n3\n")));
}

// --- CoNLL-U ---

TEST(ConlluLabels, CoverTheCharactersOfTheirWords) {
  TextData const data("A b-c\nI don't\n", vocabulary(), "left,0");
  ASSERT_EQ(data.facts.symbols, 8);  // <s>I don't
  std::string const path =
      put("a.conllu", word(1, "A", "DT", 3) + word(2, "b", "NN", 3) + word(3, "-", "PU", 0) + word(4, "c", "NN", 2) +
                          "\n" + word(1, "I", "DT", 2) + "2-3\tdon't\t_\t_\t_\t_\t_\t_\t_\t_\n" +
                          word(2, "do", "VB", 0) + word(3, "n't", "NN", 2));
  auto const upos = make_hypothesis("u=labels:" + path + ":upos,support=1", data.facts);
  EXPECT_EQ(upos->columns(), (Names{"u=DT", "u=NN", "u=PU", "u=VB"}));
  // rows: padding and start symbol 3, then "A b-c"; start symbol, then "I don't"
  EXPECT_EQ(values(*upos, data.facts),
            (Rows{"00010000|01000000", "00000101|00000111", "00000010|00000000", "00000000|00011000"}));
  EXPECT_EQ(values_of("labels:" + path + ":depth", data.facts), "00020213|02011222");
  EXPECT_EQ(values_of("labels:" + path + ":head-distance", data.facts), "00020102|01000111");
  EXPECT_HAS(refusal_of("h=labels:" + path + ":pos", data.facts),
             "'pos' is no column of CoNLL-U. Give FILE:COLUMN, one of upos");
  EXPECT_HAS(refusal_of("h=labels:" + path, data.facts), "is no column of CoNLL-U");
}

TEST(ConlluLabels, OfWordsThatShareTheirText) {
  TextData const data("du lait\n", vocabulary());  // du = de + le
  std::string const path = put("fr.conllu", "1-2\tdu\t_\t_\t_\t_\t_\t_\t_\t_\n" + word(1, "de", "ADP", 3) +
                                                word(2, "le", "DET", 3) + word(3, "lait", "NOUN", 0));
  auto const upos = make_hypothesis("u=labels:" + path + ":upos,support=1", data.facts);
  EXPECT_EQ(upos->columns(), (Names{"u=ADP", "u=DET", "u=NOUN"}));
  EXPECT_EQ(values(*upos, data.facts), (Rows{"1100000", "1100000", "0001111"}));
  EXPECT_EQ(values_of("labels:" + path + ":head-distance", data.facts), "2200000");
}

TEST(ConlluLabels, OfFeatures) {
  TextData const data("a b\n", vocabulary());
  std::string const path =
      put("f.conllu", word(1, "a", "X", 0, "Case=Nom|Number=Sing") + word(2, "b", "X", 1, "Number=Plur"));
  auto const number = make_hypothesis("n=labels:" + path + ":feats.Number,support=1", data.facts);
  EXPECT_EQ(number->columns(), (Names{"n=Plur", "n=Sing"}));
  EXPECT_EQ(values(*number, data.facts), (Rows{"001", "100"}));
  EXPECT_EQ(make_hypothesis("f=labels:" + path + ":feats,support=1", data.facts)->columns(),
            (Names{"f=Case=Nom", "f=Number=Plur", "f=Number=Sing"}));
}

TEST(ConlluLabels, MatchSymbolsOfSeveralBytesAndCharacters) {
  TextData const data("\u00e9t\u00e9 the x\n", vocabulary(",\"\u00e9\":200,\"the\":201"));
  ASSERT_EQ(data.facts.symbols, 7);  // e' t e' _ the _ x
  std::string const path =
      put("u.conllu", word(1, "\u00e9t\u00e9", "A", 0) + word(2, "the", "B", 1) + word(3, "x", "A", 1));
  auto const upos = make_hypothesis("u=labels:" + path + ":upos,support=1", data.facts);
  EXPECT_EQ(values(*upos, data.facts), (Rows{"1110001", "0000100"}));
}

TEST(ConlluLabels, NameTheRecordThatDoesNotFit) {
  TextData const data("a b\nc d\n", vocabulary());
  auto const refused = [&](std::string const& text) {
    return refusal_of("h=labels:" + put("w.conllu", text) + ":upos,support=1", data.facts);
  };
  std::string const first = word(1, "a", "X", 0) + word(2, "b", "X", 1) + "\n";
  EXPECT_HAS(refused(first + word(1, "c", "X", 0) + word(2, "e", "X", 1)),
             "hypothesis h: record 1: token 2, 'e', is not what its text goes on with ('d')");
  EXPECT_HAS(refused(first + word(1, "c", "X", 0)), "record 1: its text goes on after the last token ('d')");
  EXPECT_HAS(refused(first), "it has 1 sentences but the data have 2 records");
  EXPECT_HAS(refused(first + first), "record 1: token 1, 'a', is not what its text goes on with ('c d')");
  EXPECT_HAS(refused(first + word(1, "c", "X", 0) + "2\td\n"), "line 5 has 2 columns");
}

TEST(ConlluLabels, OfARecordThatWasCutShort) {
  TextData const data("abc d\nfg hk\n", vocabulary());
  // The second sentence goes on after its record; the first token of the rest is cut, others have no symbols.
  std::string const path =
      put("cut.conllu", word(1, "abc", "X", 0) + word(2, "defg", "Y", 0) + word(3, "i", "X", 1) + "\n" +
                            word(1, "fg", "Y", 0) + word(2, "hkl", "X", 1) + word(3, "i", "Y", 1));
  auto const upos = make_hypothesis("u=labels:" + path + ":upos,support=1", data.facts);
  EXPECT_EQ(values(*upos, data.facts), (Rows{"11100|00011", "00001|11000"}));
}

TEST(ConlluLabels, AreRowsWithoutAText) {
  std::string const path =
      put("rows.conllu", word(1, "a", "X", 0) + word(2, "b", "Y", 1) + "\n" + word(1, "c", "Y", 0));
  auto const upos = make_hypothesis("u=labels:" + path + ":upos,support=1", plain(2, 3));
  EXPECT_EQ(values(*upos, plain(2, 3)), (Rows{"100|000", "010|100"}));
  EXPECT_HAS(refusal_of("u=labels:" + path + ":upos,support=1", plain(2, 1)),
             "record 0: it has more tokens than the 1 symbols");
}

TEST(ConlluLabels, OfTheEnglishWebTreebank) {
  SONDE_NEEDS_SHARED("data/text/en_ewt-ud-dev.conllu.gz");
  std::string const path = sonde::test::shared_path("data/text/en_ewt-ud-dev.conllu.gz").string();
  io::TextOptions options;
  options.vocabulary = put("vocabulary.json", vocabulary());
  options.pad = "left,0";
  options.unknown = 1;
  auto const text = io::open_text(path, options, comm::Communicator());
  DataFacts facts;
  facts.records = text->size();
  facts.symbols = text->symbols();
  facts.data = facts.text = text.get();
  ASSERT_EQ(facts.records, 2001);
  options.record = "window:30";
  EXPECT_HAS(refusal([&] { io::open_text(path, options, comm::Communicator()); }), "its sentences are records");
  auto const upos = make_hypothesis("upos=labels:" + path + ":upos", facts);
  EXPECT_EQ(upos->columns().size(), 17U);
  auto const xpos = make_hypothesis("xpos=labels:" + path + ":xpos,support=1", facts);
  EXPECT_EQ(xpos->columns().size(), 49U);
  EXPECT_EQ(make_hypothesis("d=labels:" + path + ":depth", facts)->columns().size(), 1U);

  // Of each tag as many symbols as its words have characters.
  std::map<std::string, float> expected;
  io::ConlluReader reader(path);
  for (io::ConlluSentence sentence; reader.next(sentence);) {
    for (io::ConlluWord const& word : sentence.words) {
      for (char const c : word.form)
        if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) expected["upos=" + word.upos] += 1;
    }
  }
  std::vector<std::int64_t> records(2001);
  std::iota(records.begin(), records.end(), std::int64_t{0});
  RecordBlock const block{records, facts};
  std::vector<float> matrix(static_cast<std::size_t>(block.rows()) * 17);
  upos->evaluate(block, matrix.data(), 17);
  for (std::size_t c = 0; c < 17; ++c) {
    float sum = 0;
    for (std::size_t row = 0; row < matrix.size() / 17; ++row) sum += matrix[row * 17 + c];
    EXPECT_EQ(sum, expected[upos->columns()[c]]) << upos->columns()[c];
  }
}

}  // namespace
}  // namespace sonde::inspect
