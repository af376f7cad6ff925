#include <gtest/gtest.h>

#include "inspect/hypotheses/text_data.hpp"

namespace sonde::inspect::test {
namespace {

std::string const none = R"({"~~": 0})";  // every character is unknown, and a symbol
std::string const syllables = R"({"ab": 3, "cd": 4, "a": 5})";

TEST(Regex, MarksWholeMatches) {
  TextData const data("a12b3\n456zz\n", none);
  EXPECT_EQ(values_of("regex:[0-9]+", data.facts), "01101|11100");
  EXPECT_EQ(values_of("regex:[0-9]+", data.facts, {1, 0, 1}), "11100|01101|11100");
  EXPECT_EQ(values_of("regex:\\d[a-z]", data.facts), "00110|00110");
  EXPECT_EQ(values_of("regex:^a|z$", data.facts), "10000|00001");
  EXPECT_EQ(values_of("regex:nothing", data.facts), "00000|00000");
}

TEST(Regex, TakesAnyPattern) {
  TextData const data("a=b,c:d\n", none);
  EXPECT_EQ(values_of("regex:=b,c:", data.facts), "0111110");
  EXPECT_EQ(values_of("regex:[=,:]", data.facts), "0101010");
  EXPECT_EQ(values_of("regex:(?i)B,C", data.facts), "0011100");
}

TEST(Regex, MatchesFromLeftToRightWithoutOverlap) {
  TextData const data("aaabab\n", none);
  EXPECT_EQ(values_of("regex:aa", data.facts), "110000");
  EXPECT_EQ(values_of("regex:ab(a)?", data.facts), "001110");
  EXPECT_EQ(values_of("regex:x*", data.facts), "000000");  // matches everywhere, of no length
  EXPECT_EQ(values_of("regex:b*", data.facts), "000101");
}

TEST(Regex, CountsCharactersNotBytes) {
  TextData const data("é1日2\n", none);
  EXPECT_EQ(values_of("regex:é", data.facts), "1000");
  EXPECT_EQ(values_of("regex:.日", data.facts), "0110");
  EXPECT_EQ(values_of("regex:x*", data.facts), "0000");
  EXPECT_EQ(values_of("regex:\\p{Han}\\d", data.facts), "0011");
}

TEST(Regex, MarksSymbolsOfSeveralCharacters) {
  TextData const data("ababcdaX\n", syllables);  // ab ab cd a X
  EXPECT_EQ(values_of("regex:b", data.facts), "11000");
  EXPECT_EQ(values_of("regex:bc", data.facts), "01100");
  EXPECT_EQ(values_of("regex-ends:abcda", data.facts), "01010");
  EXPECT_EQ(values_of("regex-ends:[bd]", data.facts), "11100");
}

TEST(Regex, LeavesPaddingAndStartAtZero) {
  TextData const left("ab\nabcd\n", none, "left,0");
  EXPECT_EQ(values_of("regex:.*", left.facts), "00011|01111");
  EXPECT_EQ(values_of("regex:^.", left.facts), "00010|01000");
  TextData const right("ab\nabcd\n", none, "right,0");
  EXPECT_EQ(values_of("regex:.*", right.facts), "01100|01111");
  EXPECT_EQ(values_of("regex:.$", right.facts), "00100|00001");
}

TEST(Regex, MarksEndsOnly) {
  TextData const data("(ab)(c)()\n", none);
  EXPECT_EQ(values_of("regex-ends:\\([^)]*\\)", data.facts), "100110111");
  EXPECT_EQ(values_of("regex-ends:c", data.facts), "000001000");
}

TEST(Regex, MarksAGroup) {
  TextData const data("x=12;y=3\n", none);
  EXPECT_EQ(values_of("regex-group:1:=(\\d+)", data.facts), "00110001");
  EXPECT_EQ(values_of("regex-group:0:=(\\d+)", data.facts), "01110011");
  EXPECT_EQ(values_of("regex-group:1:(z)?x", data.facts), "00000000");  // takes no part in the match
  EXPECT_HAS(refusal_of("h=regex-group:2:=(\\d+)", data.facts), "has 1 groups (group 2 is asked for)");
  EXPECT_HAS(refusal_of("h=regex-group:=(\\d+)", data.facts), "names no group");
  EXPECT_HAS(refusal_of("h=regex-group:x:(a)", data.facts), "the group");
  EXPECT_HAS(refusal_of("h=regex-group:-1:(a)", data.facts), "group -1 is out of range");
}

TEST(Regex, RefusesWhatDoesNotCompileWithTheReason) {
  TextData const data("abc\n", none);
  EXPECT_HAS(refusal_of("q=regex:a(b", data.facts),
             "hypothesis q: the pattern 'a(b' does not compile (missing ): a(b)");
  EXPECT_HAS(refusal_of("q=regex:(?=a)", data.facts), "invalid perl operator: (?=");
  EXPECT_HAS(refusal_of("q=regex:\xff", data.facts), "invalid UTF-8");
  EXPECT_HAS(refusal_of("q=regex:((((a{1000}){1000}", data.facts), "does not compile (");
  EXPECT_HAS(refusal_of("q=regex:", data.facts), "its pattern is empty");
}

TEST(Regex, IsLinearInTime) {
  TextData const data(std::string(20000, 'a') + "\n", none);
  EXPECT_EQ(values_of("regex:(a*)*(a|aa)+b", data.facts), std::string(20000, '0'));
}

TEST(Class, MarksCharactersOfUnicodeClasses) {
  TextData const data("Aé_1 ٣,日\n", none);
  EXPECT_EQ(values_of("class:letter", data.facts), "11000001");
  EXPECT_EQ(values_of("class:digit", data.facts), "00010100");
  EXPECT_EQ(values_of("class:upper", data.facts), "10000000");
  EXPECT_EQ(values_of("class:lower", data.facts), "01000000");
  EXPECT_EQ(values_of("class:space", data.facts), "00001000");
  EXPECT_EQ(values_of("class:punct", data.facts), "00100010");
  EXPECT_EQ(values_of("class:vowel", data.facts), "10000000");
  EXPECT_EQ(values_of("class:word", data.facts), "11110101");
}

TEST(Class, MarksListedCharacters) {
  TextData const data("a]b^-\\,日\n", none);
  EXPECT_EQ(values_of("class:chars:]^-\\", data.facts), "01011100");
  EXPECT_EQ(values_of("class:chars:日a", data.facts), "10000001");
  EXPECT_EQ(values_of("class:chars:a-b", data.facts), "10101000");  // no range
  EXPECT_EQ(values_of("class:chars:,", data.facts), "00000010");
  EXPECT_HAS(refusal_of("h=class:chars:", data.facts), "names no characters");
  EXPECT_HAS(refusal_of("h=class:chars:\xff", data.facts), "not UTF-8");
  EXPECT_HAS(refusal_of("h=class:letters", data.facts),
             "class 'letters' is unknown (no such class). Choose one of: letter,");
}

TEST(Keywords, MarksWholeWords) {
  TextData const data("if x_if Éif if;elsif\n", none);
  EXPECT_EQ(values_of("keywords:if,else", data.facts), "11000000000011000000");
  EXPECT_EQ(values_of("keywords:ELSIF, éif", data.facts), "00000000000000000000");
  EXPECT_EQ(values_of("keywords:(?i)ELSIF, éif", data.facts), "00000000111000011111");
}

TEST(Keywords, ReadsAList) {
  TextData const data("if x else\n", none);
  std::string const list = put("words.txt", "else\r\n\n  x\n");
  auto const hypothesis = make_hypothesis("h=keywords:@" + list, data.facts);
  EXPECT_EQ(values(*hypothesis, data.facts).front(), "000101111");
  put("words.txt", "if\n");
  EXPECT_NE(make_hypothesis("h=keywords:@" + list, data.facts)->fingerprint(), hypothesis->fingerprint());
  EXPECT_HAS(refusal_of("h=keywords:@" + list + ".none", data.facts), "No such file");
}

TEST(Keywords, RefusesWhatIsNoWord) {
  TextData const data("if x else\n", none);
  EXPECT_HAS(refusal_of("h=keywords:if,GROUP BY", data.facts), "'GROUP BY' is not one word");
  EXPECT_HAS(refusal_of("h=keywords:if,a.*", data.facts), "'a.*' is not one word");
  EXPECT_HAS(refusal_of("h=keywords:", data.facts), "its list holds no word");
  EXPECT_HAS(refusal_of("h=keywords: , ", data.facts), "its list holds no word");
}

TEST(Position, CountsSymbolsOfTheText) {
  TextData const data("ab\nabcd\n", none, "left,0");
  EXPECT_EQ(values_of("position", data.facts), "00001|00123");
  EXPECT_EQ(values_of("position:end", data.facts), "00010|03210");
  TextData const right("ab\nabcd\n", none, "right,0");
  EXPECT_EQ(values_of("position", right.facts), "00100|00123");
  EXPECT_EQ(values_of("position:end", right.facts), "01000|03210");
  TextData const long_symbols("ababcdaX\n", syllables);
  EXPECT_EQ(values_of("position", long_symbols.facts), "01234");
}

TEST(Position, CountsWithinWordsAndLines) {
  TextData const words("if é_2; x\n", none);
  EXPECT_EQ(values_of("position:word", words.facts), "120123001");
  TextData const lines("ab\n\nc\nd", none, "", "window:7");
  EXPECT_EQ(values_of("position:line", lines.facts), "0120010");
}

TEST(Position, WorksForDataThatAreNotText) {
  DataFacts facts;
  facts.records = 2;
  facts.symbols = 3;
  EXPECT_EQ(values_of("position", facts), "012|012");
  EXPECT_EQ(values_of("position:end", facts), "210|210");
  EXPECT_HAS(refusal_of("h=position:word", facts), "hypothesis h: position:word looks at text (the data are none)");
  EXPECT_HAS(refusal_of("h=position:middle", facts), "position:middle is unknown");
}

TEST(TextKinds, RefuseDataThatAreNotText) {
  DataFacts const facts;
  for (std::string const kind : {"regex", "regex-ends", "class", "keywords"}) {
    std::string const arguments = kind == "class" ? "digit" : "a";
    EXPECT_HAS(refusal_of("h=" + kind + ":" + arguments, facts), "hypothesis h: " + kind + " looks at text");
  }
}

TEST(TextKinds, HaveFingerprintsOfTheirDefinition) {
  TextData const data("abc\n", none);
  auto const print = [&](std::string const& text) { return make_hypothesis(text, data.facts)->fingerprint(); };
  EXPECT_EQ(print("a=regex:x"), print("b=regex:x"));
  EXPECT_EQ(print("a=regex:x").size(), 64U);
  std::vector<std::string> const different{"a=regex:x",    "a=regex:y",        "a=regex-ends:x", "a=regex-group:0:x",
                                           "a=keywords:x", "a=keywords:(?i)x", "a=class:digit",  "a=class:chars:x",
                                           "a=position",   "a=position:end"};
  for (std::string const& one : different) {
    for (std::string const& other : different) {
      EXPECT_EQ(one == other, print(one) == print(other)) << one << ' ' << other;
    }
  }
}

TEST(Registry, RefusesDefinitionsThatAreNone) {
  TextData const data("abc\n", none);
  EXPECT_HAS(refusal_of("abc", data.facts), "--hypothesis 'abc': it has no name");
  EXPECT_HAS(refusal_of("=regex:a", data.facts), "it has no name");
  EXPECT_HAS(refusal_of("regex:a=b", data.facts), "Write NAME=regex:a=b");
  EXPECT_HAS(refusal_of("h=rege:x", data.facts), "hypothesis h: hypothesis kind 'rege' is unknown");
  EXPECT_HAS(refusal_of("h=rege:x", data.facts), "regex, regex-ends");
  EXPECT_GE(hypothesis_usage().size(), 7U);
}

}  // namespace
}  // namespace sonde::inspect::test
