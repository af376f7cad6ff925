#include <gtest/gtest.h>

#include "io/dataset_files.hpp"

namespace sonde::io {
namespace {

using namespace test;

std::string const people =
    "name,age,capital-gain,\"odd \"\"name\"\"\",ok\r\n"
    "\"Smith, A\",31,1.5,7,TRUE\r\n"
    "Jones,+42,-2e1,8,false\r\n"
    "\r\n";

DataOptions columns(std::string const& chosen, std::string const& label = "") {
  DataOptions options;
  options.columns = chosen;
  options.label_column = label;
  return options;
}

TEST(Csv, ChoosesColumnsByNameNumberAndRange) {
  std::string const path = put("people.csv", people);
  auto const data = open(path, columns("age,4,capital-gain"));
  EXPECT_EQ(data->size(), 2);
  EXPECT_EQ(data->sample_shape(), (Shape{3}));
  EXPECT_EQ(data->feature_names(), (std::vector<std::string>{"age", "ok", "capital-gain"}));
  EXPECT_EQ(rows(*data, {1, 0}), (std::vector<float>{42, 0, -20, 31, 1, 1.5}));
  EXPECT_FALSE(data->domain().integer);
  EXPECT_EQ(open(path, columns("age-ok"))->feature_names().size(), 4U);
  EXPECT_EQ(open(path, columns("age-capital-gain"))->feature_names(),
            (std::vector<std::string>{"age", "capital-gain"}));
  EXPECT_EQ(open(path, columns("1-3"))->feature_names()[2], "odd \"name\"");
  EXPECT_TRUE(open(path, columns("age,ok"))->domain().integer);
}

TEST(Csv, LeavesTheLabelOutByDefault) {
  std::string const path = put("labelled.csv", "a,label,b\n1,0,2\n3,1,4\n");
  auto const data = open(path, columns("", "label"));
  EXPECT_EQ(data->feature_names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(rows(*data, {1}), (std::vector<float>{3, 4}));
  EXPECT_EQ(read_labels(path, "label", world()).values, (std::vector<double>{0, 1}));
  EXPECT_EQ(read_labels(path, "0", world()).values, (std::vector<double>{1, 3}));
  EXPECT_HAS(refusal([&] { read_labels(path, "", world()); }), "one number");
}

TEST(Csv, FindsOutWhetherThereIsAHeader) {
  EXPECT_EQ(open(put("bare.csv", "1,2\n3,4\n"))->size(), 2);
  EXPECT_TRUE(open(scratch("bare.csv"))->feature_names().empty());
  DataOptions options;
  options.header = true;
  EXPECT_EQ(open(scratch("bare.csv"), options)->feature_names(), (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(rows(*open(put("bom.csv", "\xef\xbb\xbfx\n5")), {0}), (std::vector<float>{5}));
  EXPECT_EQ(open(put("bom.csv", "\xef\xbb\xbfx\n5"))->feature_names()[0], "x");
  EXPECT_EQ(rows(*open(put("tab.tsv.gz", packed("x\ty\n5\t6\n"))), {0}), (std::vector<float>{5, 6}));
}

TEST(Csv, TakesAnInputRangeAndAShape) {
  DataOptions options = columns("", "0");
  options.input_range = {0, 255};
  options.preprocess = parse_preprocess({"shape=2x1x3,color=gray"});
  auto const data = open(put("image.csv", "9,0,0,0,255,255,255\n"), options);
  EXPECT_EQ(data->sample_shape(), (Shape{2, 1, 1}));
  EXPECT_EQ(rows(*data, {0}), (std::vector<float>{0, 255}));
  EXPECT_EQ(data->domain().levels, 256);
}

TEST(Csv, NamesLineAndColumnOfAnError) {
  auto const message = [](std::string const& text, DataOptions const& options = {}) {
    return refusal_of(put("wrong.csv", text), options);
  };
  EXPECT_HAS(message(people), "line 2, column 0 ('name'): 'Smith, A' is not a number");
  EXPECT_HAS(message("a,b\n1,2\n3\n"), "line 3 has 1 fields but line 1 has 2");
  EXPECT_HAS(message("a,b\n1,2\n3,4,5\n"), "line 3 has 3 fields");
  EXPECT_HAS(message("a,b\n1,\n"), "line 2, column 1 ('b'): '' is not a number");
  EXPECT_HAS(message("1,2\n1,nan\n"), "line 2, column 1: 'nan' is not finite");
  EXPECT_HAS(message("1,2\n1,-inf\n"), "not finite");
  EXPECT_HAS(message("1,2\n1,1e300\n"), "not finite in 32 bits");
  EXPECT_HAS(message("1,2\n\"multi\nline\",3\n4,x\n", columns("1")), "line 4, column 1");
  EXPECT_HAS(message("a\n\"1\n"), "a quote is not closed");
  EXPECT_HAS(message("a,b\n"), "it holds no records");
  EXPECT_HAS(message("\n\n"), "it is empty");
  EXPECT_HAS(message("a,b\n1,2\n", columns("c")), "no column 'c' (it has 2 columns: a, b)");
  EXPECT_HAS(message("1,2\n", columns("2")), "no column '2'");
  EXPECT_HAS(message("1,2\n", columns("1-0")), "no column '1-0'");
  EXPECT_HAS(message("1,2\n", columns("", "x")), "no column 'x'");
  EXPECT_HAS(message("1\n", columns("", "0")), "no column is left");
  EXPECT_HAS(refusal_of(put("cut.csv.gz", packed(people).substr(0, 60))), "it ends too early");
}

}  // namespace
}  // namespace sonde::io
