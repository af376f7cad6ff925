// HDF5 files: round trips of every type, rows, texts, attributes.
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <numeric>

#include "base/check.hpp"
#include "harness/shared_data.hpp"
#include "io/h5.hpp"

namespace sonde::io {
namespace {

std::string file_for(char const* name) {
  auto const path = test::scratch_path(name);
  std::filesystem::create_directories(path.parent_path());
  return path.string();
}

template <class T>
class H5Numbers : public testing::Test {};
using Numbers = testing::Types<std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t, std::uint32_t,
                               std::int64_t, std::uint64_t, float, double>;
TYPED_TEST_SUITE(H5Numbers, Numbers);

TYPED_TEST(H5Numbers, ComeBackAsWritten) {
  std::string const path = file_for("numbers.h5");
  std::vector<TypeParam> const values = {std::numeric_limits<TypeParam>::lowest(), 0, 1,
                                         std::numeric_limits<TypeParam>::max()};
  {
    H5File file = H5File::create(path);
    file.write("/deep/group/values", values);
    file.close();
  }
  H5File const file = H5File::open(path);
  H5Dataset const data = file.dataset("deep/group/values");
  EXPECT_EQ(data.type(), element_type<TypeParam>());
  EXPECT_EQ(data.shape(), (Shape{4}));
  EXPECT_EQ(data.read<TypeParam>(), values);
}

TEST(H5, RowsAreReadInAnyOrder) {
  std::string const path = file_for("rows.h5");
  std::vector<float> values(6 * 2 * 3);
  std::iota(values.begin(), values.end(), 0.0f);
  H5File file = H5File::create(path);
  file.write<float>("/x", values, {6, 2, 3});
  H5Dataset const data = file.dataset("/x");
  EXPECT_EQ(data.rows(), 6);
  EXPECT_EQ(data.row_elements(), 6);

  std::vector<float> rows(12);
  data.read_rows<float>(2, 2, rows);
  EXPECT_EQ(rows, std::vector<float>(values.begin() + 12, values.begin() + 24));

  std::vector<std::int64_t> const list = {5, 0, 1, 2, 2, 4};
  std::vector<double> picked(36);
  data.read_row_list<double>(list, picked);
  for (std::size_t i = 0; i < list.size(); ++i) {
    for (std::size_t j = 0; j < 6; ++j)
      EXPECT_EQ(picked[i * 6 + j], static_cast<double>(list[i] * 6) + static_cast<double>(j));
  }

  std::vector<std::int64_t> const beyond = {6};
  EXPECT_THROW(data.read_row_list<double>(beyond, std::span(picked).first(6)), std::logic_error);
  EXPECT_THROW(data.read_rows<double>(0, 1, std::span(picked).first(5)), std::logic_error);
  EXPECT_THROW(data.read_rows<double>(std::numeric_limits<std::int64_t>::max(), 1, std::span(picked).first(6)),
               std::logic_error);
}

TEST(H5, EmptyAndScalarDataSets) {
  H5File file = H5File::create(file_for("empty.h5"));
  file.write("/none", std::vector<float>{});
  file.write<std::int32_t>("/one", std::vector<std::int32_t>{7}, {});
  file.create_dataset("/no_rows", ElementType::uint8, {0, 28, 28});
  EXPECT_TRUE(file.read<float>("/none").empty());
  EXPECT_EQ(file.read<std::int32_t>("/one"), std::vector<std::int32_t>{7});
  EXPECT_TRUE(file.read<std::uint8_t>("/no_rows").empty());
}

TEST(H5, TextsAndAttributes) {
  std::string const path = file_for("texts.h5");
  std::string const long_text(100'000, 'x');
  std::vector<std::string> const names = {"conv1", "", "größte", "a\nb"};
  {
    H5File file = H5File::create(path);
    file.write_texts("/names", names);
    file.write_text("/config", long_text);
    file.write_text("/nothing", "");
    file.write_attribute("/", "schema", "sonde");
    file.write_attribute("/", "ranks", 3);
    file.write_attribute("/", "rate", 0.25);
    file.write_attribute("/names", "units", std::string("1"));
    EXPECT_THROW(file.write_attribute("/", "long", long_text), std::logic_error);
    file.close();
  }
  H5File const file = H5File::open(path);
  EXPECT_EQ(file.read_text("/names"), names);
  EXPECT_EQ(file.read_text("/config"), std::vector<std::string>{long_text});
  EXPECT_EQ(file.read_text("/nothing"), std::vector<std::string>{""});
  EXPECT_EQ(file.text_attribute("/", "schema"), "sonde");
  EXPECT_EQ(file.number_attribute("/", "ranks"), 3);
  EXPECT_EQ(file.number_attribute("/", "rate"), 0.25);
  EXPECT_EQ(file.text_attribute("/names", "units"), "1");
  EXPECT_TRUE(file.has_attribute("/", "schema"));
  EXPECT_FALSE(file.has_attribute("/", "unknown"));
  EXPECT_FALSE(file.has_attribute("/unknown", "schema"));
  EXPECT_THROW(file.number_attribute("/", "schema"), InputError);
  EXPECT_THROW(file.text_attribute("/", "ranks"), InputError);
  EXPECT_THROW(file.read<float>("/names"), InputError);
}

TEST(H5, ObjectsAreFoundByPath) {
  H5File file = H5File::create(file_for("paths.h5"));
  file.write("/b/x", std::vector<float>{1});
  file.create_group("/a/deep/er");
  EXPECT_EQ(file.children("/"), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(file.exists("/"));
  EXPECT_TRUE(file.exists("b/x"));
  EXPECT_TRUE(file.exists("//a//deep/"));
  EXPECT_FALSE(file.exists("/b/x/y"));
  EXPECT_FALSE(file.exists("/no/such/thing"));
  EXPECT_TRUE(file.is_group("/a"));
  EXPECT_FALSE(file.is_group("/b/x"));
  EXPECT_TRUE(file.is_dataset("/b/x"));
  EXPECT_THROW(file.dataset("/a"), InputError);
  EXPECT_THROW(file.dataset("/none"), InputError);
  EXPECT_THROW(file.children("/b/x"), InputError);
}

TEST(H5, KerasFilesAreReadable) {
  SONDE_NEEDS_SHARED("data/mnist");
  std::string path;
  for (auto const& entry : std::filesystem::recursive_directory_iterator(test::shared_path("data"))) {
    if (entry.path().extension() == ".h5" && H5File::open(entry.path()).has_attribute("/", "model_config"))
      path = entry.path();
  }
  if (path.empty()) GTEST_SKIP() << "no Keras model in shared/data";
  H5File const file = H5File::open(path);
  EXPECT_EQ(file.text_attribute("/", "model_config").front(), '{');
  EXPECT_FALSE(file.text_list_attribute("/model_weights", "layer_names").empty());
}

}  // namespace
}  // namespace sonde::io
