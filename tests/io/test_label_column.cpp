#include <gtest/gtest.h>

#include <cmath>

#include "io/annotations/label_column.hpp"
#include "io/dataset_files.hpp"
#include "io/h5.hpp"

namespace sonde::io {
namespace {

using namespace test;
using Starts = std::vector<std::int64_t>;
using Codes = std::vector<std::int32_t>;
using Numbers = std::vector<float>;
using Names = std::vector<std::string>;

LabelColumn read(std::string const& text, std::string const& part = "", LabelsAs as = LabelsAs::automatic) {
  return read_label_column(put("labels.tsv", text), part, as);
}

std::string refused(std::string const& text, std::string const& part = "", LabelsAs as = LabelsAs::automatic) {
  return refusal([&] { read(text, part, as); });
}

TEST(LabelColumn, ReadsALinePerSymbolWithBlankLinesBetween) {
  LabelColumn const column = read("NOUN\nVERB\n\n\nVERB\n_\r\nX\n");
  EXPECT_FALSE(column.per_record);
  EXPECT_FALSE(column.numeric);
  EXPECT_EQ(column.first, (Starts{0, 2, 5}));
  EXPECT_EQ(column.codes, (Codes{0, 1, 1, -1, 2}));
  EXPECT_EQ(column.names, (Names{"NOUN", "VERB", "X"}));
}

TEST(LabelColumn, ReadsALinePerRecordWithoutBlankLines) {
  LabelColumn const column = read("3\n-1.5\n3\n");
  EXPECT_TRUE(column.per_record);
  EXPECT_TRUE(column.numeric);
  EXPECT_EQ(column.first, (Starts{0, 1, 2, 3}));
  EXPECT_EQ(column.numbers, (Numbers{3, -1.5, 3}));
  LabelColumn const categories = read("3\n-1.5\n3\n", "", LabelsAs::category);
  EXPECT_EQ(categories.codes, (Codes{0, 1, 0}));
  EXPECT_EQ(categories.names, (Names{"3", "-1.5"}));
}

TEST(LabelColumn, FindsColumnsAndHeaders) {
  std::string const table = "word\tpos\tlength\nthe\tDT\t3\ncat\tNN\t3\n\nruns\tVB\t4\n";
  EXPECT_EQ(read(table, "pos").names, (Names{"DT", "NN", "VB"}));
  EXPECT_EQ(read(table, "pos").first, (Starts{0, 2, 3}));
  EXPECT_EQ(read(table, "length").numbers, (Numbers{3, 3, 4}));
  EXPECT_EQ(read(table, "2").numbers, (Numbers{3, 3, 4}));  // its field in line 1 is no number, the others are
  EXPECT_EQ(read(table, "1").names, (Names{"pos", "DT", "NN", "VB"}));
  EXPECT_EQ(read("x\n1\n2\n\n3\n").first, (Starts{0, 2, 3}));
  EXPECT_EQ(read("x\n\n1\n2\n\n3\n").first, (Starts{0, 2, 3}));  // a blank line after the header
  EXPECT_HAS(refused(table), "it has 3 columns (which one holds the labels?)");
  EXPECT_HAS(refused(table, "size"), "there is no column 'size' (line 1 holds word, pos, length)");
  EXPECT_HAS(refused(table, "3"), "there is no column 3 (it has 3, numbered from 0)");
}

TEST(LabelColumn, NamesRecordOrLineOfAnError) {
  EXPECT_HAS(refused("1\n2\n\n3\nx\n", "", LabelsAs::number), "record 1 has 'x' (a finite number is needed)");
  EXPECT_HAS(refused("1\n2\n\n3\nnan\n"), "record 1 has 'nan'");
  EXPECT_HAS(refused("1\n_\n", "", LabelsAs::number), "record 1 has '_'");
  EXPECT_HAS(refused("a\tb\nc\n", "0"), "line 2 has 1 fields but line 1 has 2");
  EXPECT_HAS(refused(""), "it is empty");
  EXPECT_HAS(refused("a\tb\n", "a"), "it holds no labels");
  EXPECT_HAS(refused("\xff\n"), "not UTF-8");
}

std::string h5_file(std::string const& name, std::function<void(H5File&)> const& fill) {
  std::string const path = scratch(name);
  on_root([&] {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    H5File file = H5File::create(path);
    fill(file);
    file.close();
  });
  return path;
}

TEST(LabelColumn, ReadsNumbersAndTextsOfHdf5) {
  std::string const path = h5_file("labels.h5", [](H5File& file) {
    file.write<std::int32_t>("symbols", std::vector<std::int32_t>{1, 2, 2, 7, 1, 1}, {2, 3});
    file.write<float>("records", std::vector<float>{0.5F, -2});
    file.write<float>("hole", std::vector<float>{0, 1, 2, NAN}, {2, 2});
    file.write<double>("huge", std::vector<double>{1e300});
    file.write_texts("tags", {"a", "", "b", "a"});
    file.write<float>("none", std::vector<float>{}, {0, 4});
  });
  auto const column = [&](std::string const& part, LabelsAs as = LabelsAs::automatic) {
    return read_label_column(path, part, as);
  };
  EXPECT_EQ(column("/symbols").numbers, (Numbers{1, 2, 2, 7, 1, 1}));
  EXPECT_EQ(column("/symbols").first, (Starts{0, 3, 6}));
  EXPECT_FALSE(column("/symbols").per_record);
  EXPECT_EQ(column("/symbols", LabelsAs::category).codes, (Codes{0, 1, 1, 2, 0, 0}));
  EXPECT_EQ(column("/symbols", LabelsAs::category).names, (Names{"1", "2", "7"}));
  EXPECT_TRUE(column("records").per_record);
  EXPECT_EQ(column("records", LabelsAs::category).names, (Names{"-2", "0.5"}));
  EXPECT_EQ(column("tags").codes, (Codes{0, -1, 1, 0}));
  EXPECT_HAS(refusal([&] { column("hole"); }), "data set hole: record 1, symbol 1 is nan (scores need finite numbers)");
  EXPECT_HAS(refusal([&] { column("huge"); }), "record 0, symbol 0 is inf");
  EXPECT_HAS(refusal([&] { column(""); }), "no data set of the file is named (its top holds hole, huge, none");
  EXPECT_HAS(refusal([&] { column("x"); }), "x");
  EXPECT_HAS(refusal([&] { column("none"); }), "it is empty");
  EXPECT_HAS(refusal([&] { column("tags", LabelsAs::number); }), "it holds texts");
}

TEST(LabelColumn, ReadsArraysOfOneNumberPerRecord) {
  std::string const idx = put("labels-idx1", std::string("\0\0\x08\x01", 4) + big(3) + "\x07\x02\x07");
  EXPECT_EQ(read_label_column(idx, "", LabelsAs::automatic).numbers, (Numbers{7, 2, 7}));
  EXPECT_TRUE(read_label_column(idx, "", LabelsAs::automatic).per_record);
  EXPECT_EQ(read_label_column(idx, "", LabelsAs::category).names, (Names{"2", "7"}));
  std::string const cut = put("cut-idx1", std::string("\0\0\x08\x01", 4) + big(300) + "\x07\x02\x07");
  EXPECT_HAS(refusal([&] { read_label_column(cut, "", LabelsAs::automatic); }), "truncated");
}

}  // namespace
}  // namespace sonde::io
