#include <gtest/gtest.h>

#include <cmath>

#include "inspect/hypotheses/mask.hpp"
#include "io/h5.hpp"
#include "io/image_files.hpp"
#include "text_data.hpp"

namespace sonde::inspect {
namespace {

using namespace test;
using Names = std::vector<std::string>;
using Rows = std::vector<std::string>;

/// Images as data and a folder for their masks.
class MaskTest : public testing::Test {
 protected:
  /// A gray image of this size.
  static void put_image(std::string const& name, std::int64_t height, std::int64_t width) {
    put(name, sonde::test::png_bytes(
                  {height, width, 1, std::vector<std::uint8_t>(static_cast<std::size_t>(height * width))}));
  }
  static void put_mask(std::string const& name, std::int64_t height, std::int64_t width,
                       std::vector<std::uint8_t> ids) {
    put(name, sonde::test::png_bytes({height, width, 1, std::move(ids)}));
  }
  void SetUp() override {
    std::filesystem::remove_all(sonde::test::scratch_path("hypotheses/images"));
    std::filesystem::remove_all(sonde::test::scratch_path("hypotheses/masks"));
  }
  DataFacts const& open(std::int64_t size, std::vector<std::string> const& preprocess = {}) {
    io::DataOptions options;
    preprocess_ = io::parse_preprocess(preprocess);
    options.preprocess = preprocess_;
    data_ = io::open_dataset(sonde::test::scratch_path("hypotheses/images").string(), options, comm::Communicator());
    facts_.records = data_->size();
    facts_.symbols = size * size;
    facts_.data = data_.get();
    facts_.steps = &preprocess_.steps;
    return facts_;
  }
  static std::string masks() { return sonde::test::scratch_path("hypotheses/masks").string(); }

 private:
  io::Preprocess preprocess_;
  std::unique_ptr<io::Dataset> data_;
  DataFacts facts_;
};

TEST_F(MaskTest, GivesOneColumnPerClass) {
  put_image("images/b.png", 2, 2);
  put_image("images/a.png", 2, 2);
  put_mask("masks/a.png", 2, 2, {0, 7, 7, 12});
  put_mask("masks/b.png", 2, 2, {7, 7, 0, 0});
  DataFacts const& facts = open(2);
  auto const mask = make_hypothesis("c=mask:" + masks() + ",size=2,support=1", facts);
  EXPECT_EQ(mask->columns(), (Names{"c=0", "c=7", "c=12"}));
  EXPECT_EQ(values(*mask, facts), (Rows{"1000|0011", "0110|1100", "0001|0000"}));
  EXPECT_EQ(values(*mask, facts, {1, 0}), (Rows{"0011|1000", "1100|0110", "0000|0001"}));
  EXPECT_FALSE(mask->partial());
  EXPECT_TRUE(mask->costly());
  EXPECT_EQ(make_hypothesis("c=mask:" + masks() + ",size=2,support=3", facts)->columns(), (Names{"c=0", "c=7"}));
  EXPECT_HAS(refusal_of("c=mask:" + masks() + ",size=2", facts), "no class is on 20 pixels of the masks");
}

TEST_F(MaskTest, LeavesIgnoredPixelsOut) {
  put_image("images/a.png", 2, 2);
  put_mask("masks/a.png", 2, 2, {0, 7, 255, 12});
  DataFacts const& facts = open(2);
  auto const mask = make_hypothesis("c=mask:" + masks() + ",size=2,support=1,ignore=12+255", facts);
  EXPECT_EQ(mask->columns(), (Names{"c=0", "c=7"}));
  EXPECT_EQ(values(*mask, facts), (Rows{"10nannan", "01nannan"}));
  EXPECT_TRUE(mask->partial());
}

TEST_F(MaskTest, AnnotatesImagesThatCarryTheCategory) {
  for (char const* name : {"a", "b", "c"}) put_image(std::string("images/") + name + ".png", 1, 2);
  put_mask("masks/a.png", 1, 2, {1, 2});
  put_mask("masks/b.png", 1, 2, {1, 5});
  put_mask("masks/c.png", 1, 2, {0, 5});
  DataFacts const& facts = open(2);
  std::string const names = put("names.txt", "# id name category\n1 tree thing\n2 car thing\n\n5 red colour\n");
  auto const mask = make_hypothesis("c=mask:" + masks() + ",size=2,support=1,ignore=0,categories=" + names, facts);
  EXPECT_EQ(mask->columns(), (Names{"c=tree", "c=car", "c=red"}));
  EXPECT_EQ(values(*mask, facts),
            (Rows{"1010|1010|nannannannan", "0101|0000|nannannannan", "nannannannan|0101|nan1nan1"}));
  EXPECT_TRUE(mask->partial());
  std::string const one = put("one.txt", "1\ttall tree\n2\tcar\n5\tred\n0\tsky\n");
  auto const single = make_hypothesis("c=mask:" + masks() + ",size=2,support=1,categories=" + one, facts);
  EXPECT_EQ(single->columns(), (Names{"c=sky", "c=tall tree", "c=car", "c=red"}));
  EXPECT_FALSE(single->partial());
}

TEST_F(MaskTest, TakesTheNearestPixel) {
  put_image("images/a.png", 4, 4);
  put_mask("masks/a.png", 4, 4, {1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4});
  auto const half = make_hypothesis("c=mask:" + masks() + ",size=2,support=1", open(2));
  EXPECT_EQ(values(*half, open(2)), (Rows{"1000", "0100", "0010", "0001"}));
  put_mask("masks/a.png", 2, 2, {1, 2, 3, 4});  // of the image's aspect
  auto const third = make_hypothesis("c=mask:" + masks() + ",size=3,support=1", open(3));
  EXPECT_EQ(values(*third, open(3))[3], "000011011");  // centres at 1/3, 1 and 5/3 of two pixels
}

TEST_F(MaskTest, FollowsTheStepsOfItsImage) {
  put_image("images/a.png", 2, 4);
  put_mask("masks/a.png", 2, 4, {1, 2, 3, 4, 5, 6, 7, 8});
  DataFacts const& facts = open(2, {"crop=columns:1:3"});
  auto const mask = make_hypothesis("c=mask:" + masks() + ",size=2,support=1", facts);
  EXPECT_EQ(mask->columns(), (Names{"c=2", "c=3", "c=6", "c=7"}));
  EXPECT_EQ(values(*mask, facts), (Rows{"1000", "0100", "0010", "0001"}));
}

TEST_F(MaskTest, ReadsArrays) {
  std::string const path = put("masks.h5", "");
  io::H5File file = io::H5File::create(path);
  file.write<std::int32_t>("ids", std::vector<std::int32_t>{0, 1, 300, 0, 1, 1, 1, 1}, {2, 2, 2});
  file.write<float>("bad", std::vector<float>{0, 1.5, 0, 0}, {1, 2, 2});
  file.close();
  DataFacts facts;
  facts.records = 2;
  facts.symbols = 4;
  auto const mask = make_hypothesis("c=mask:" + path + ":/ids,size=2,support=1", facts);
  EXPECT_EQ(mask->columns(), (Names{"c=0", "c=1", "c=300"}));
  EXPECT_EQ(values(*mask, facts), (Rows{"1001|0000", "0100|1111", "0010|0000"}));
  facts.records = 1;
  EXPECT_HAS(refusal_of("c=mask:" + path + ":/ids,size=2", facts), "they are 2 but the data have 1 records");
  EXPECT_HAS(refusal_of("c=mask:" + path + ":/bad,size=2", facts), "record 0 holds 1.5 (class ids are whole numbers");
}

TEST_F(MaskTest, NamesWhatIsWrong) {
  put_image("images/a.png", 2, 2);
  put_image("images/b.png", 2, 2);
  put_mask("masks/a.png", 2, 2, {1, 1, 1, 1});
  DataFacts const& facts = open(2);
  std::string const text = "c=mask:" + masks() + ",size=2,support=1";
  EXPECT_HAS(refusal_of(text, facts), "hypothesis c: masks");
  EXPECT_HAS(refusal_of(text, facts), "there is no mask b.png for record 1, image b.png");
  put_mask("masks/b.png", 2, 3, {1, 1, 1, 1, 1, 1});
  EXPECT_HAS(refusal_of(text, facts), "masks/b.png: it is 2x3 but");
  EXPECT_HAS(refusal_of(text, facts), "images/b.png is 2x2 (they must show the same)");
  put("masks/b.png", sonde::test::png_bytes(sonde::test::pattern(2, 2, 3)));
  EXPECT_HAS(refusal_of(text, facts), "masks/b.png: it has colours (a class id is one number)");
  put("masks/b.png", "no image");
  EXPECT_HAS(refusal_of(text, facts), "masks/b.png: it is no PNG");
  put_image("images/b.png", 40, 40);
  put_image("images/a.png", 40, 40);
  put_mask("masks/a.png", 40, 40, std::vector<std::uint8_t>(1600, 1));
  std::string const whole = sonde::test::png_bytes(sonde::test::pattern(40, 40, 1));
  put("masks/b.png", whole.substr(0, whole.size() / 2));
  EXPECT_HAS(refusal_of(text, open(2)), "masks/b.png: it cannot be decoded (it ends too early)");
  EXPECT_HAS(refusal_of("c=mask:" + masks() + ",size=3", open(2)),
             "masks of 3x3 have 9 rows a record but the behaviours have 4");
}

TEST_F(MaskTest, OfDataWithoutNamesAreOfOneSize) {
  put_mask("masks/a.png", 2, 2, {1, 1, 1, 1});
  put_mask("masks/b.png", 4, 4, std::vector<std::uint8_t>(16, 2));
  DataFacts facts;
  facts.records = 2;
  facts.symbols = 4;
  EXPECT_HAS(refusal_of("c=mask:" + masks() + ",size=2,support=1", facts), "masks/b.png: it is 4x4 but the mask");
  put_mask("masks/b.png", 2, 2, {1, 2, 2, 2});
  EXPECT_EQ(values(*make_hypothesis("c=mask:" + masks() + ",size=2,support=1", facts), facts),
            (Rows{"1111|1000", "0000|0111"}));
  facts.records = 3;
  EXPECT_HAS(refusal_of("c=mask:" + masks() + ",size=2", facts), "it holds 2 PNG but the data have 3 records");
}

TEST_F(MaskTest, RefusesCategoriesThatDoNotFit) {
  put_image("images/a.png", 1, 2);
  put_mask("masks/a.png", 1, 2, {1, 2});
  DataFacts const& facts = open(2);
  auto const refused = [&](std::string const& list) {
    return refusal_of("c=mask:" + masks() + ",size=2,support=1,categories=" + put("c.txt", list), facts);
  };
  EXPECT_HAS(refused("1 tree\n"), "record 0: its mask holds class 2 (the file of categories does not list it)");
  EXPECT_HAS(refused("1 tree\n1 car\n"), "c.txt: line 2: class 1 stands twice");
  EXPECT_HAS(refused("1\n"), "line 1 has 1 fields (it is to be ID NAME [CATEGORY]");
  EXPECT_HAS(refused("x tree\n"), "line 1: 'x' is no class id");
  EXPECT_HAS(refused("65536 tree\n"), "line 1: '65536' is no class id");
  EXPECT_HAS(refusal_of("c=mask:" + masks() + ",size=2,ignore=1+-2", facts), "'-2' is no class id");
  EXPECT_HAS(refusal_of("c=mask:" + masks() + ",size=0", facts), "size=0 is outside");
}

TEST_F(MaskTest, SaysItsSizeBeforeItIsMade) {
  put_mask("masks/a.png", 1, 1, {1});
  EXPECT_EQ(mask_size({"a=regex:x", "b=mask:" + masks()}), 112);
  EXPECT_EQ(mask_size({"b=mask:" + masks() + ",size=7"}), 7);
  EXPECT_EQ(mask_size({"a=regex:mask:x"}), 0);
  EXPECT_HAS(refusal([&] {
               mask_size({"b=mask:" + masks() + ",size=7", "c=mask:" + masks()});
             }),
             "hypothesis c: its masks have size=112 but others have size=7");
}

TEST_F(MaskTest, ReadsIndicesOfAPalette) {
  std::vector<std::uint8_t> const pixels = {0, 2, 1, 2};
  std::vector<std::uint8_t> const palette = {0, 0, 0, 128, 0, 0, 0, 128, 0};
  put("masks/a.png", sonde::test::png_bytes(2, 2, PNG_FORMAT_RGB_COLORMAP, pixels.data(), palette.data(), 3));
  DataFacts facts;
  facts.records = 1;
  facts.symbols = 4;
  EXPECT_EQ(values(*make_hypothesis("c=mask:" + masks() + ",size=2,support=1", facts), facts),
            (Rows{"1000", "0010", "0101"}));
}

TEST_F(MaskTest, ReadsCamvid) {
  SONDE_NEEDS_SHARED("data/camvid/images");
  io::DataOptions options;
  auto const data =
      io::open_dataset(sonde::test::shared_path("data/camvid/images").string(), options, comm::Communicator());
  DataFacts facts;
  facts.records = data->size();
  facts.symbols = 112 * 112;
  facts.data = data.get();
  auto const mask =
      make_hypothesis("c=mask:" + sonde::test::shared_path("data/camvid/masks").string() + ",ignore=11", facts);
  EXPECT_EQ(mask->columns().size(), 11U);
  std::vector<std::int64_t> const records = {0, 47};
  std::vector<float> rows(2 * 112 * 112 * 11);
  mask->evaluate({records, facts}, rows.data(), 11);
  for (std::size_t row = 0; row < rows.size() / 11; ++row) {
    float sum = 0;
    for (std::size_t c = 0; c < 11; ++c) sum += rows[row * 11 + c];
    EXPECT_TRUE(sum == 1 || std::isnan(sum));  // every pixel has one class, or none at all
  }
}

}  // namespace
}  // namespace sonde::inspect
