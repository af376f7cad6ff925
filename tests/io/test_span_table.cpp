#include <gtest/gtest.h>

#include "io/annotations/span_table.hpp"
#include "io/dataset_files.hpp"
#include "io/h5.hpp"

namespace sonde::io {
namespace {

using namespace test;
using Column = std::vector<std::int64_t>;

struct Columns {
  Column record = {0, 2}, start = {0, 1}, end = {3, 2};
};

std::string file_with(Columns const& columns, std::function<void(H5File&)> const& add_labels) {
  std::string const path = scratch("spans.h5");
  on_root([&] {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    H5File file = H5File::create(path);
    file.write("/spans/record", columns.record);
    file.write("/spans/start", columns.start);
    file.write("/spans/end", columns.end);
    add_labels(file);
    file.close();
  });
  return path;
}

void add_texts(H5File& file) { file.write_texts("/spans/label", {"NP", "VP"}); }

TEST(SpanTable, ReadsLabelsAsTextsOrIndices) {
  SpanTable const texts = read_span_table(file_with({}, add_texts), "/spans");
  EXPECT_EQ(texts.record, (Column{0, 2}));
  EXPECT_EQ(texts.start, (Column{0, 1}));
  EXPECT_EQ(texts.end, (Column{3, 2}));
  EXPECT_EQ(texts.label, (std::vector<std::int32_t>{0, 1}));
  EXPECT_EQ(texts.labels, (std::vector<std::string>{"NP", "VP"}));
  SpanTable const indices =
      read_span_table(file_with({},
                                [](H5File& file) {
                                  file.write<std::uint8_t>("/spans/label", std::vector<std::uint8_t>{1, 1});
                                  file.write_texts("/spans/labels", {"a", "b"});
                                }),
                      "/spans");
  EXPECT_EQ(indices.label, (std::vector<std::int32_t>{1, 1}));
  EXPECT_EQ(indices.labels, (std::vector<std::string>{"a", "b"}));
}

TEST(SpanTable, RefusesWhatIsNoTableOfSpans) {
  auto const refused = [](Columns const& columns, std::function<void(H5File&)> const& add) {
    std::string const path = file_with(columns, add);
    return refusal([&] { read_span_table(path, "/spans"); });
  };
  auto const indices = [](std::vector<std::int32_t> const& codes, std::vector<std::string> const& names) {
    return [=](H5File& file) {
      file.write("/spans/label", codes);
      file.write_texts("/spans/labels", names);
    };
  };
  EXPECT_HAS(refused({}, [](H5File&) {}), "there is no data set /spans/label (the group holds end, record, start)");
  EXPECT_HAS(refused({{0}, {0, 1}, {1, 2}}, add_texts), "have 1, 2, 2 and 2 rows");
  EXPECT_HAS(refused({},
                     [](H5File& file) {
                       file.write<float>("/spans/label", std::vector<float>{0, 1});
                     }),
             "there is no data set /spans/labels");
  EXPECT_HAS(refused({}, indices({0, 2}, {"a", "b"})), "span 1 has label 2 but");
  EXPECT_HAS(refused({}, indices({0, -1}, {"a", "b"})), "span 1 has label -1");
  EXPECT_HAS(refused({}, indices({0, 1}, {"a", "a"})), "a name stands twice");
  EXPECT_HAS(refused({},
                     [](H5File& file) {
                       file.write<float>("/spans/label", std::vector<float>{0, 1});
                       file.write_texts("/spans/labels", {"a", "b"});
                     }),
             "it holds float32 (whole numbers are needed)");
  EXPECT_HAS(refused({}, [](H5File& file) { file.write_texts("/spans/label", {"a", "\xff"}); }), "not UTF-8");
  EXPECT_HAS(refusal([&] { read_span_table(file_with({}, add_texts), "/trees"); }), "the group holds nothing");
}

TEST(SpanTable, RefusesATruncatedFile) {
  std::string const path = file_with({}, add_texts);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  EXPECT_NE(refusal([&] { read_span_table(path, "/spans"); }), "(not refused)");
}

}  // namespace
}  // namespace sonde::io
