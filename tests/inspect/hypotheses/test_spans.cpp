#include <gtest/gtest.h>

#include <limits>

#include "io/h5.hpp"
#include "text_data.hpp"

namespace sonde::inspect {
namespace {

using namespace test;
using Names = std::vector<std::string>;
using Rows = std::vector<std::string>;
using Column = std::vector<std::int64_t>;

DataFacts plain(std::int64_t records, std::int64_t symbols) {
  DataFacts facts;
  facts.records = records;
  facts.symbols = symbols;
  return facts;
}

std::string span_file(Column const& record, Column const& start, Column const& end,
                      std::vector<std::string> const& label, std::string const& group = "/spans") {
  std::string const path = put("spans.h5", "");
  io::H5File file = io::H5File::create(path);
  file.write(group + "/record", record);
  file.write(group + "/start", start);
  file.write(group + "/end", end);
  file.write_texts(group + "/label", label);
  file.close();
  return path;
}

/// "((1+2))" of DeepBase's figure: a sum in two pairs of brackets.
std::string nested() {
  return span_file({0, 0, 0, 0, 0}, {0, 1, 2, 2, 4}, {7, 6, 5, 3, 5}, {"p", "p", "sum", "n", "n"});
}

TEST(Spans, InTimeSignalAndDepth) {
  std::string const path = nested();
  DataFacts const facts = plain(1, 7);
  auto const time = make_hypothesis("t=spans:" + path + ":time,support=1", facts);
  EXPECT_EQ(time->columns(), (Names{"t=n", "t=p", "t=sum"}));
  EXPECT_EQ(values(*time, facts), (Rows{"0010100", "1111111", "0011100"}));
  auto const signal = make_hypothesis("s=spans:" + path + ":signal,support=1", facts);
  EXPECT_EQ(signal->columns(), (Names{"s=n", "s=p", "s=sum"}));
  EXPECT_EQ(values(*signal, facts), (Rows{"0010100", "1100011", "0010100"}));
  auto const depth = make_hypothesis("d=spans:" + path + ":depth,support=1", facts);
  EXPECT_EQ(depth->columns(), (Names{"d", "d=n", "d=p", "d=sum"}));
  EXPECT_EQ(values(*depth, facts), (Rows{"1243421", "0010100", "1222221", "0011100"}));
}

TEST(Spans, NeedASupport) {
  std::string const path = nested();  // n covers 2 symbols, sum 3, p 7
  DataFacts const facts = plain(1, 7);
  EXPECT_EQ(make_hypothesis("t=spans:" + path + ":time,support=3", facts)->columns(), (Names{"t=p", "t=sum"}));
  EXPECT_EQ(make_hypothesis("t=spans:" + path + ":signal,support=7", facts)->columns(), (Names{"t=p"}));
  // The depth of all labels counts those without a column, too.
  EXPECT_EQ(values(*make_hypothesis("d=spans:" + path + ":depth,support=7", facts), facts),
            (Rows{"1243421", "1222221"}));
  EXPECT_HAS(refusal_of("t=spans:" + path + ":time", facts),
             "no label is on 20 symbols of the data (the most frequent, p, is on 7)");
}

TEST(Spans, OfRecordsInAnyOrder) {
  std::string const path = span_file({2, 0, 2, 0}, {0, 1, 0, 1}, {1, 3, 2, 1}, {"a", "a", "b", "b"}, "/trees/x");
  DataFacts const facts = plain(3, 3);
  auto const spans = make_hypothesis("t=spans:" + path + ":/trees/x:time,support=1", facts);
  EXPECT_EQ(values(*spans, facts), (Rows{"011|000|100", "000|000|110"}));  // an empty span covers nothing
  EXPECT_EQ(values(*spans, facts, {2, 1, 0, 2}), (Rows{"100|000|011|100", "110|000|000|110"}));
}

TEST(Spans, CountFromTheFirstSymbolOfAText) {
  TextData const data("abc\nd\n", R"({"a":3,"b":4,"c":5,"d":6})", "left,0");
  ASSERT_EQ(data.facts.symbols, 4);
  std::string const path = span_file({0, 1}, {1, 0}, {3, 1}, {"x", "x"});
  EXPECT_EQ(values(*make_hypothesis("t=spans:" + path + ":time,support=1", data.facts), data.facts),
            (Rows{"0011|0001"}));
  std::string const outside = span_file({0, 1}, {1, 0}, {3, 2}, {"x", "x"});
  EXPECT_HAS(refusal_of("t=spans:" + outside + ":time", data.facts),
             "hypothesis t: record 1: a span of symbols 0 to 2 (not included) lies outside of it (it has 1)");
}

TEST(Spans, OutsideOfTheirRecordAreRefused) {
  constexpr std::int64_t huge = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  auto const refused = [](std::int64_t record, std::int64_t start, std::int64_t end) {
    return refusal_of("t=spans:" + span_file({record}, {start}, {end}, {"x"}) + ":time,support=1", plain(3, 5));
  };
  EXPECT_HAS(refused(2, 3, 6), "record 2: a span of symbols 3 to 6 (not included) lies outside of it (it has 5)");
  EXPECT_HAS(refused(1, 3, 2), "record 1: a span of symbols 3 to 2");
  EXPECT_HAS(refused(0, -1, 2), "record 0: a span of symbols -1 to 2");
  EXPECT_HAS(refused(0, huge, huge), "lies outside");
  EXPECT_HAS(refused(0, least, huge), "lies outside");
  EXPECT_HAS(refused(0, 0, huge), "lies outside");
  EXPECT_HAS(refused(3, 0, 1), "a span is of record 3 but the data have 3");
  EXPECT_HAS(refused(-1, 0, 1), "a span is of record -1");
  EXPECT_HAS(refused(least, 0, 1), "a span is of record -9223372036854775808");
}

TEST(Spans, RefuseWhatIsNotGiven) {
  std::string const path = nested();
  EXPECT_HAS(refusal_of("t=spans:" + path, plain(1, 7)),
             "the form is missing. Write spans:FILE:time, :signal or :depth");
  EXPECT_HAS(refusal_of("t=spans:" + path + ":length", plain(1, 7)), "form of spans 'length' is unknown");
  EXPECT_HAS(refusal_of("t=spans:" + path + ":/trees:time", plain(1, 7)), "there is no data set /trees/label");
  EXPECT_HAS(refusal_of("t=spans:nowhere.h5:time", plain(1, 7)), "there is no such file");
  EXPECT_HAS(refusal_of("t=spans:" + put("t.txt", "(A a)") + ":part:time", plain(1, 1)), "'part' names a part");
}

TEST(BracketSpans, FollowTheTextOfTheirLeaves) {
  TextData const data("I am (so) old\nok\n",
                      R"-({"I":3," ":4,"a":5,"m":6,"(":7,")":8,"s":9,"o":10,"l":11,"d":12,"k":13})-",
                      "right,0");  // a start symbol comes first
  ASSERT_EQ(data.facts.symbols, 14);
  std::string const path = put(
      "trees.mrg", "( (S (NP I) (VP (V am) (ADV (-LRB- -LRB-) (R so) (-RRB- -RRB-)) (A old) (-NONE- *))))\n(UH ok)\n");
  auto const spans = make_hypothesis("t=spans:" + path + ":time,support=2", data.facts);
  EXPECT_EQ(spans->columns(), (Names{"t=A", "t=ADV", "t=R", "t=S", "t=UH", "t=V", "t=VP"}));
  auto const rows = values(*spans, data.facts);
  EXPECT_EQ(rows[1], "00000011110000|00000000000000");
  EXPECT_EQ(rows[3], "01111111111111|00000000000000");
  EXPECT_EQ(rows[4], "00000000000000|01100000000000");
  EXPECT_EQ(rows[6], "00011111111111|00000000000000");
  auto const ends = values(*make_hypothesis("t=spans:" + path + ":signal,support=2", data.facts), data.facts);
  EXPECT_EQ(ends[6], "00010000000001|00000000000000");
  EXPECT_HAS(refusal_of("t=spans:" + put("w.mrg", "(S I am)\n(UH ok)") + ":time", data.facts),
             "record 0: its text goes on after the last token ('(so) old')");
  EXPECT_HAS(refusal_of("t=spans:" + put("w.mrg", "(S I am -LRB- so -RRB- old)\n(UH no)") + ":time", data.facts),
             "record 1: token 1, 'no', is not what its text goes on with ('ok')");
  EXPECT_HAS(refusal_of("t=spans:" + put("w.mrg", "(S I am -LRB- so -RRB- old)") + ":time", data.facts),
             "it has 1 trees but the data have 2 records (each record has one)");
}

TEST(BracketSpans, AreRowsWithoutAText) {
  std::string const path = put("rows.mrg", "(S (NP a b) (VP c))\n()\n");
  auto const spans = make_hypothesis("d=spans:" + path + ":depth,support=1", plain(2, 4));
  EXPECT_EQ(spans->columns(), (Names{"d", "d=NP", "d=S", "d=VP"}));
  EXPECT_EQ(values(*spans, plain(2, 4)), (Rows{"2220|0000", "1100|0000", "1110|0000", "0010|0000"}));
}

TEST(BracketSpans, OfAMillionLevels) {
  constexpr std::size_t levels = 1'000'000;
  std::string tree;
  for (std::size_t i = 0; i < levels; ++i) tree += "(A ";
  std::string const path = put("deep.mrg", tree + "x" + std::string(levels, ')'));
  EXPECT_EQ(values(*make_hypothesis("d=spans:" + path + ":depth,support=1", plain(1, 1)), plain(1, 1)),
            (Rows{"1e+06", "1e+06"}));
}

}  // namespace
}  // namespace sonde::inspect
