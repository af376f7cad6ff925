#include <gtest/gtest.h>

#include "io/dataset_files.hpp"
#include "io/datasets/text.hpp"
#include "io/datasets/text_vocabulary.hpp"

namespace sonde::io {
namespace {

using namespace test;

std::string letters() { return put("letters.json", R"({"a": 1, "b": 2, "é": 3, "日": 4, " ": 5, "\n": 6, "ab": 7})"); }

TextOptions lines(std::string const& vocabulary, std::string const& pad = "") {
  TextOptions options;
  options.vocabulary = vocabulary;
  options.pad = pad;
  return options;
}

TextOptions windows(std::string const& vocabulary, int symbols, std::string const& pad = "") {
  TextOptions options = lines(vocabulary, pad);
  options.record = "window:" + std::to_string(symbols);
  return options;
}

std::unique_ptr<TextDataset> read(std::string const& path, TextOptions const& options) {
  return open_text(path, options, world());
}

std::vector<int> weights(TextDataset const& text, std::int64_t record) {
  std::vector<std::uint8_t> values(static_cast<std::size_t>(text.symbols()), 9);
  text.weights(record, values.data());
  return {values.begin(), values.end()};
}

using Ids = std::vector<float>;
using Places = std::vector<std::uint32_t>;

TEST(Text, CutsALineIntoTheLongestSymbols) {
  auto const text = read(put("one.txt", "aab é日b\n"), lines(letters()));
  EXPECT_EQ(text->size(), 1);
  EXPECT_EQ(text->symbols(), 6);
  EXPECT_EQ(text->ids(), 8);
  EXPECT_EQ(rows(*text, {0}), (Ids{1, 7, 5, 3, 4, 2}));
  RecordText const record = text->record(0);
  EXPECT_EQ(record.text, "aab é日b");
  EXPECT_EQ(record.first, (Places{0, 1, 3, 4, 6, 9, 10}));
  EXPECT_EQ(weights(*text, 0), (std::vector<int>{1, 1, 1, 1, 1, 1}));
  EXPECT_FALSE(text->domain().known);
  EXPECT_TRUE(text->domain().integer);
}

TEST(Text, PadsOnTheLeftBehindNothingAndOnTheRight) {
  std::string const path = put("pad.txt", "ba\nb\n");
  TextOptions options = lines(letters(), "left,0");
  options.start = 9;
  options.length = 4;
  auto const left = read(path, options);
  EXPECT_EQ(rows(*left, {0, 1}), (Ids{0, 9, 2, 1, 0, 0, 9, 2}));
  EXPECT_EQ(left->ids(), 10);
  EXPECT_EQ(left->record(1).first, (Places{0, 0, 0, 0, 1}));
  EXPECT_EQ(weights(*left, 1), (std::vector<int>{0, 0, 0, 1}));
  options.pad = "right,8";
  auto const right = read(path, options);
  EXPECT_EQ(rows(*right, {0, 1}), (Ids{9, 2, 1, 8, 9, 2, 8, 8}));
  EXPECT_EQ(right->record(1).first, (Places{0, 0, 1, 1, 1}));
  EXPECT_EQ(weights(*right, 0), (std::vector<int>{0, 1, 1, 0}));
  EXPECT_NE(left->sha256(), right->sha256());
}

TEST(Text, CutsLongLinesAfterTheLength) {
  std::string const path = put("long.txt", "bbabab\nb\nZ never read: é\n");
  TextOptions options = lines(letters(), "right,0");
  options.length = 3;
  options.unknown = 11;
  testing::internal::CaptureStderr();
  auto const text = read(path, options);
  std::string const said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(rows(*text, {0, 1}), (Ids{2, 2, 7, 2, 0, 0}));
  EXPECT_EQ(text->record(0).text, "bbab");
  if (!world().is_root()) return;
  EXPECT_HAS(said, "2 of 3 lines are longer than 3 symbols and were cut");
}

TEST(Text, CutsWindowsAcrossLines) {
  std::string const path = put("windows.txt", "ba\nab\n\nb");
  auto const text = read(path, windows(letters(), 3));
  EXPECT_EQ(text->size(), 2);  // "b", the seventh symbol, is left out
  EXPECT_EQ(rows(*text, {0, 1}), (Ids{2, 1, 6, 7, 6, 6}));
  EXPECT_EQ(text->record(1).text, "ab\n\n");
  auto const padded = read(path, windows(letters(), 3, "right,0"));
  EXPECT_EQ(rows(*padded, {2}), (Ids{2, 0, 0}));
  TextOptions options = windows(letters(), 3, "left,0");
  options.start = 9;
  options.length = 5;
  EXPECT_EQ(rows(*read(path, options), {1, 2}), (Ids{0, 9, 7, 6, 6, 0, 0, 0, 9, 2}));
}

TEST(Text, ReadsWindowsLargerThanItsBuffer) {
  std::string bytes;
  for (int i = 0; i < 300000; ++i) bytes += i % 7 == 3 ? "é" : i % 11 == 5 ? "\r\n" : "b";
  auto const text = read(put("large.txt", bytes), windows(letters(), 1000));
  EXPECT_EQ(text->size(), 300);
  std::string back;
  for (std::int64_t k = 0; k < text->size(); ++k) back += text->record(k).text;
  std::erase(bytes, '\r');
  EXPECT_TRUE(back == bytes);
}

TEST(Text, KeepsCarriageReturnsThatAreSymbols) {
  std::string const vocabulary = put("cr.json", R"({"a": 0, "\r": 1, "\n": 2})");
  EXPECT_EQ(rows(*read(put("cr.txt", "a\r\na"), windows(vocabulary, 4)), {0}), (Ids{0, 1, 2, 0}));
  EXPECT_EQ(rows(*read(scratch("cr.txt"), lines(vocabulary)), {0, 1}), (Ids{0, 0}));
}

TEST(Text, SkipsEmptyLinesAndTheByteOrderMark) {
  auto const text = read(put("gaps.txt",
                             "\xef\xbb\xbf"
                             "ba\r\n\r\n\nbb"),
                         lines(letters()));
  EXPECT_EQ(rows(*text, {0, 1}), (Ids{2, 1, 2, 2}));
  EXPECT_EQ(text->size(), 2);
}

TEST(Text, InflatesGzip) {
  auto const plain = read(put("plain.txt", "ba\nbb\n"), lines(letters()));
  auto const packed_text = read(put("packed.txt.gz", packed("ba\nbb\n")), lines(letters()));
  EXPECT_EQ(rows(*packed_text, {1, 0}), rows(*plain, {1, 0}));
}

TEST(Text, GivesUnknownCharactersTheirId) {
  std::string const path = put("unknown.txt", "aXé\n");
  TextOptions options = lines(letters());
  options.unknown = 12;
  auto const text = read(path, options);
  EXPECT_EQ(rows(*text, {0}), (Ids{1, 12, 3}));
  EXPECT_EQ(text->ids(), 13);
  EXPECT_EQ(rows(*read(path, lines(put("unk.json", R"({"a": 1, "<unk>": 2})"))), {0}), (Ids{1, 2, 2}));
}

TEST(Text, TakesAColumnOfATable) {
  TextOptions options = lines(letters(), "left,0");
  options.column = "text";
  std::string const path = put("table.csv", "id,text\n1,ba\n2,\"b a\"\n3,\n");
  EXPECT_EQ(rows(*read(path, options), {0, 1}), (Ids{0, 2, 1, 2, 5, 1}));
  options.column = "1";
  EXPECT_EQ(read(path, options)->size(), 2);
  options.column = "texts";
  EXPECT_HAS(refusal([&] { read(path, options); }), "there is no column 'texts' (it has 2 columns: id, text)");
  options.column = "text";
  options.record = "window:2";
  EXPECT_HAS(refusal([&] { read(path, options); }), "a row of a table is a record");
  EXPECT_HAS(refusal([&] { read(put("no_table.txt", "ba\n"), options); }), "only .csv and .tsv have columns");
  EXPECT_HAS(refusal([&] {
               options.record = "line";
               read(put("ragged.csv", "id,text\n1,b\n2\n"), options);
             }),
             "line 3 has 1 fields but line 1 has 2");
}

TEST(Text, RefusesWhatTheVocabularyDoesNotHold) {
  auto const message = [&](std::string const& name, std::string const& bytes, TextOptions const& options) {
    std::string const path = put(name, bytes);
    return refusal([&] { read(path, options); });
  };
  std::string const vocabulary = letters();
  EXPECT_HAS(message("x.txt", "ab\nb éZa\n", lines(vocabulary)),
             "x.txt: line 2, column 4: the symbol 'Z' is not in the vocabulary");
  EXPECT_HAS(message("x.txt", "ab\nb éZa\n", windows(vocabulary, 2)), "line 2, column 4: the symbol 'Z'");
  EXPECT_HAS(message("x.txt", "ab\nb éZa\n", lines(vocabulary)), "(7 symbols). Add it there, or give --unknown ID");
  for (std::string const bad :
       {"\xff", "\xc3", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe6\x97"}) {
    EXPECT_HAS(message("utf8.txt", "ab\na" + bad, lines(vocabulary)), "line 2, column 2: byte");
    TextOptions options = lines(vocabulary, "left,0");
    options.unknown = 9;
    EXPECT_HAS(message("utf8.txt", "ab\na" + bad, options), "no text in UTF-8");
  }
  EXPECT_HAS(message("zero.txt", std::string("ab\0", 3), lines(vocabulary)), "column 3: byte 0 is no text");
  EXPECT_HAS(message("empty.txt", "", lines(vocabulary)), "it is empty");
  EXPECT_HAS(message("blank.txt", "\n\r\n\n", lines(vocabulary)), "it holds no record");
  EXPECT_HAS(message("short.txt", "aa", windows(vocabulary, 5)), "it holds no record");
  EXPECT_HAS(message("unequal.txt", "bb\nb\n", lines(vocabulary)), "line 2 has 1 of 2 symbols");
  EXPECT_HAS(message("cut.txt.gz", packed("ba\nbb\n").substr(0, 20), lines(vocabulary)), "it ends too early");
  EXPECT_HAS(refusal([&] { read(scratch("none.txt"), lines(vocabulary)); }), "No such file");
}

TEST(Text, RefusesOptionsThatMakeNoSense) {
  std::string const path = put("options.txt", "ba\n");
  auto const message = [&](auto change) {
    TextOptions options = lines(letters());
    change(options);
    return refusal([&] { read(path, options); });
  };
  EXPECT_HAS(message([](auto& o) { o.record = "word"; }), "--record 'word' is unknown");
  EXPECT_HAS(message([](auto& o) { o.record = "window:0"; }), "--record window: 0 is out of range");
  EXPECT_HAS(message([](auto& o) { o.record = "window:99999999999999999999"; }), "--record window");
  EXPECT_HAS(message([](auto& o) { o.pad = "left"; }), "--pad 'left' is not of the form");
  EXPECT_HAS(message([](auto& o) { o.pad = "middle,0"; }), "--pad 'middle,0'");
  EXPECT_HAS(message([](auto& o) { o.pad = "left,-1"; }), "--pad: -1 is out of range");
  EXPECT_HAS(message([](auto& o) { o.pad = "left,16777216"; }), "--pad: 16777216 is out of range");
  EXPECT_HAS(message([](auto& o) { o.start = -3; }), "--start: -3 is out of range");
  EXPECT_HAS(message([](auto& o) { o.unknown = 1LL << 40; }), "--unknown");
  EXPECT_HAS(message([](auto& o) { o.length = -1; }), "--length: -1 is out of range");
  EXPECT_HAS(message([](auto& o) { o.length = 1, o.start = 0; }), "--length: 1 is out of range (2 to");
  EXPECT_HAS(message([](auto& o) { o.length = 1LL << 60; }), "--length");
  EXPECT_HAS(message([](auto& o) { o.record = "window:2", o.length = 3; }), "windows are shorter");
}

TEST(Text, RefusesDamagedVocabularies) {
  std::string const text = put("v.txt", "ba\n");
  auto const message = [&](std::string const& json) {
    std::string const path = put("damaged.json", json);
    return refusal([&] { read(text, lines(path)); });
  };
  EXPECT_HAS(message(""), "the file is empty");
  EXPECT_HAS(message("{\"a\": 1"), "it is not JSON");
  EXPECT_HAS(message("{\"\xff\": 1}"), "it is not JSON");
  EXPECT_HAS(message(R"({"a": 1} x)"), "it is not JSON");
  EXPECT_HAS(message("[1, 2]"), "(there is no object)");
  EXPECT_HAS(message("3"), "(there is no object)");
  EXPECT_HAS(message("{}"), "it has no symbols");
  EXPECT_HAS(message(R"({"a": 1, "b": 2, "a": 3})"), "the symbol 'a' stands twice");
  EXPECT_HAS(message(R"({"a": 1, "b": -2})"), "the symbol 'b' has the id -2 (ids lie in 0 to 16777215)");
  EXPECT_HAS(message(R"({"b": 16777216})"), "ids lie in");
  EXPECT_HAS(message(R"({"b": 1e3})"), "whole numbers");
  EXPECT_HAS(message(R"({"b": 18446744073709551616})"), "whole numbers");
  EXPECT_HAS(message(R"({"b": "1"})"), "the symbol 'b' has the id \"1\"");
  EXPECT_HAS(message(R"({"b": null})"), "whole numbers");
  EXPECT_HAS(message(R"({"": 4})"), "the symbol with the id 4 is empty");
  EXPECT_HAS(message(R"({"b": {"c": 1}})"), "more than a number behind 'b'");
  EXPECT_HAS(message("{\"b\": " + std::string(200000, '[')), "more than a number behind 'b'");
  EXPECT_HAS(message(std::string(200000, '[')), "there is no object");
  EXPECT_HAS(message("{\"" + std::string(257, 'b') + "\": 1}"), "has 257 bytes (256 at most)");
  EXPECT_HAS(refusal([&] { read(text, lines(scratch("none.json"))); }), "No such file");
}

TEST(Text, AllowsSeveralSymbolsOfOneId) {
  std::string const vocabulary = put("fold.json", R"({"b": 0, "B": 0})");
  EXPECT_EQ(rows(*read(put("fold.txt", "bB"), lines(vocabulary)), {0}), (Ids{0, 0}));
}

TEST(Text, TellsCharactersOfUtf8) {
  EXPECT_EQ(utf8_length(""), 0U);
  EXPECT_EQ(utf8_length("ab"), 1U);
  EXPECT_EQ(utf8_length("é"), 2U);
  EXPECT_EQ(utf8_length("\xef\xbf\xbf"), 3U);
  EXPECT_EQ(utf8_length("\xf4\x8f\xbf\xbf"), 4U);
  EXPECT_EQ(utf8_length("\x80"), 0U);
  EXPECT_EQ(utf8_length("\xf5\x80\x80\x80"), 0U);
}

TEST(RealText, PadsTitles) {
  SONDE_NEEDS_SHARED("data/text/hacker_news_2000.txt");
  TextOptions options = lines(shared_path("data/text/textgenrnn_vocab.json"), "left,0");
  options.length = 40;
  options.start = 464;
  std::string const path = shared_path("data/text/hacker_news_2000.txt");
  EXPECT_HAS(refusal([&] { read(path, options); }), "is not in the vocabulary");
  options.unknown = 0;
  auto const text = read(path, options);
  EXPECT_EQ(text->size(), 2001);  // with the heading, "title"
  EXPECT_EQ(text->ids(), 465);
  EXPECT_EQ(text->record(0).text, "title");
  std::vector<float> const ids = rows(*text, {0});
  EXPECT_EQ(ids[33], 0);
  EXPECT_EQ(ids[34], 464);
  EXPECT_EQ(ids[35], 2);  // "t"
}

TEST(RealText, PadsSmiles) {
  SONDE_NEEDS_SHARED("data/lipo/Lipophilicity.csv");
  TextOptions options = lines(shared_path("data/lipo/smiles_vocab.json"), "left,0");
  options.length = 80;
  options.unknown = 0;
  options.column = "smiles";
  auto const text = read(shared_path("data/lipo/Lipophilicity.csv"), options);
  EXPECT_EQ(text->size(), 4200);
  EXPECT_EQ(text->symbols(), 80);
  EXPECT_EQ(text->ids(), 37);
  EXPECT_EQ(text->record(0).text, "Cn1c(CN2CCN(CC2)c3ccc(Cl)cc3)nc4ccccc14");
  std::vector<float> const ids = rows(*text, {0});
  EXPECT_EQ(ids[40], 0);
  EXPECT_EQ(ids[41], 18);  // "C"
}

TEST(RealText, CutsShakespeareAsTheGoldenIds) {
  SONDE_NEEDS_SHARED("golden/recurrent.h5");
  auto const text =
      read(shared_path("data/text/shakespeare.txt"), windows(shared_path("data/text/shakespeare_vocab.json"), 60));
  EXPECT_EQ(text->size(), 1115394 / 60);
  EXPECT_EQ(text->ids(), 65);
  std::vector<float> const ids = rows(*text, {0});
  EXPECT_EQ(text->record(0).text.substr(0, 14), "First Citizen:");
  EXPECT_EQ(std::vector<float>(ids.begin(), ids.begin() + 8), (Ids{49, 9, 7, 6, 2, 0, 37, 9}));
}

}  // namespace
}  // namespace sonde::io
