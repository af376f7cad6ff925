// Numbers computed beforehand with Pillow 13.0 and OpenCV 4.11 on the pattern of image_files.hpp, 7x9x3.
#include <gtest/gtest.h>

#include "io/dataset_files.hpp"
#include "io/image_files.hpp"

namespace sonde::io {
namespace {

using namespace test;

/// sum of value[i] * (i mod 97 + 1): depends on every value and its place
std::int64_t weighted_sum(Image const& image) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < image.pixels.size(); ++i) sum += image.pixels[i] * static_cast<std::int64_t>(i % 97 + 1);
  return sum;
}

std::vector<int> first_six(Image const& image) { return {image.pixels.begin(), image.pixels.begin() + 6}; }

Image after(std::string const& steps, Image const& image = pattern(7, 9)) {
  return apply_steps(parse_preprocess({steps}).steps, image);
}

TEST(ImageSteps, BilinearIsPillows) {
  EXPECT_EQ(first_six(after("resize=3x4")), (std::vector<int>{43, 48, 53, 70, 75, 80}));
  EXPECT_EQ(weighted_sum(after("resize=3x4:bilinear")), 84347);
  EXPECT_EQ(weighted_sum(after("resize=10x5")), 840993);  // larger one way, smaller the other
}

TEST(ImageSteps, NearestIsPillows) { EXPECT_EQ(weighted_sum(after("resize=4x13:nearest")), 942970); }

TEST(ImageSteps, AreaIsOpenCvs) {
  EXPECT_EQ(first_six(after("resize=3x4:area")), (std::vector<int>{35, 40, 45, 64, 69, 74}));
  EXPECT_EQ(weighted_sum(after("resize=3x4:area")), 84712);
}

TEST(ImageSteps, BlurIsOpenCvs) {
  EXPECT_EQ(first_six(after("blur=3")), (std::vector<int>{25, 30, 35, 31, 36, 41}));
  EXPECT_EQ(weighted_sum(after("blur=3")), 1147941);
  EXPECT_EQ(weighted_sum(after("blur=5")), 1136018);
  EXPECT_EQ(after("blur=5", pattern(1, 1)).pixels, pattern(1, 1).pixels);  // mirrored at both edges
}

TEST(ImageSteps, ColorsAreThoseOfPillowAndOpenCv) {
  EXPECT_EQ(weighted_sum(after("color=gray")), 255979);
  EXPECT_EQ(first_six(after("color=yuv")), (std::vector<int>{4, 131, 124, 15, 131, 124}));
  EXPECT_EQ(weighted_sum(after("color=yuv")), 1168054);
  EXPECT_EQ(after("color=rgb", pattern(2, 2, 1)).pixels,
            (std::vector<std::uint8_t>{0, 0, 0, 11, 11, 11, 37, 37, 37, 51, 51, 51}));
  EXPECT_EQ(after("color=gray", pattern(2, 2, 1)).pixels, pattern(2, 2, 1).pixels);
}

TEST(ImageSteps, SameSizeChangesNothing) {
  for (char const* filter : {"bilinear", "area", "nearest"}) {
    EXPECT_EQ(after(std::string("resize=7x9:") + filter).pixels, pattern(7, 9).pixels) << filter;
  }
}

TEST(ImageSteps, CropsKeepWhatTheySay) {
  Image const rows = after("crop=rows:2:-1", pattern(5, 2, 1));
  EXPECT_EQ(rows.shape(), (Shape{2, 2, 1}));
  EXPECT_EQ(rows.pixels, (std::vector<std::uint8_t>{74, 91, 111, 131}));
  EXPECT_EQ(after("crop=columns:1:", pattern(2, 2, 1)).pixels, (std::vector<std::uint8_t>{11, 51}));
  // 5 - 2 = 3 rows are left over: torchvision's int(round(1.5)) = 2 above; 4 - 3 = 1 column: round(0.5) = 0 to the
  // left.
  EXPECT_EQ(after("crop=2x3", pattern(5, 4, 1)).pixels[0], 74);
}

TEST(ImageSteps, ShorterSideKeepsTheProportion) {
  auto const steps = parse_preprocess({"resize=shorter:256,crop=224x224"}).steps;
  EXPECT_EQ(shape_after({steps[0]}, {375, 500, 3}), (Shape{256, 341, 3}));
  EXPECT_EQ(shape_after({steps[0]}, {500, 343, 3}), (Shape{373, 256, 3}));
  EXPECT_EQ(shape_after(steps, {375, 500, 3}), (Shape{224, 224, 3}));
}

TEST(ImageSteps, RefuseTheImpossible) {
  auto const message = [](std::string const& steps) { return refusal([&] { after(steps); }); };
  EXPECT_HAS(message("crop=8x1"), "only 7x9");
  EXPECT_HAS(message("crop=rows:5:5"), "keeps nothing");
  EXPECT_HAS(message("crop=rows:-9:"), "7 rows");
  EXPECT_HAS(message("crop=columns:0:10"), "9 columns");
  EXPECT_HAS(message("resize=65536x65536"), "64 Mi pixels");
  EXPECT_HAS(refusal([] {
               shape_after(parse_preprocess({"resize=shorter:65536"}).steps, {1, 65000, 3});
             }),
             "64 Mi pixels");
}

}  // namespace
}  // namespace sonde::io
