#include <gtest/gtest.h>

#include "io/dataset_files.hpp"
#include "io/preprocess.hpp"

namespace sonde::io {
namespace {

using test::refusal;

TEST(Preprocess, DefaultLeavesEverything) {
  Preprocess const result = parse_preprocess({});
  EXPECT_TRUE(result.steps.empty());
  EXPECT_TRUE(result.shape.empty());
  ChannelMap const map = channel_map(result.model, 0, 255, 2);
  EXPECT_EQ(map.source, (std::vector<std::int32_t>{0, 1}));
  EXPECT_EQ(map.scale, (std::vector<float>{255, 255}));
  EXPECT_EQ(map.shift, (std::vector<float>{0, 0}));
}

TEST(Preprocess, KeepsTheOrderOfImageSteps) {
  Preprocess const result =
      parse_preprocess({"crop=rows:50:140,blur=3", "resize=66x200:area,color=yuv,scale=1/127.5,mean=1"});
  ASSERT_EQ(result.steps.size(), 4U);
  auto const& crop = std::get<CropRange>(result.steps[0]);
  EXPECT_TRUE(crop.rows);
  EXPECT_EQ(crop.first, 50);
  EXPECT_EQ(crop.last, 140);
  EXPECT_EQ(std::get<Blur>(result.steps[1]).width, 3);
  auto const& resize = std::get<ResizeTo>(result.steps[2]);
  EXPECT_EQ(resize.height, 66);
  EXPECT_EQ(resize.width, 200);
  EXPECT_EQ(resize.filter, ResizeFilter::area);
  EXPECT_EQ(std::get<Recolor>(result.steps[3]).color, Color::yuv);
  EXPECT_DOUBLE_EQ(result.model.scale, 1 / 127.5);
}

TEST(Preprocess, ReadsOpenRangesAndShorterSides) {
  Preprocess const result =
      parse_preprocess({"resize=shorter:256,crop=224x200,crop=columns:-10:,shape=3x32x32,layout=chw"});
  EXPECT_EQ(std::get<ResizeShorter>(result.steps[0]).side, 256);
  EXPECT_EQ(std::get<ResizeShorter>(result.steps[0]).filter, ResizeFilter::bilinear);
  EXPECT_EQ(std::get<CropCentre>(result.steps[1]).width, 200);
  EXPECT_FALSE(std::get<CropRange>(result.steps[2]).rows);
  EXPECT_EQ(std::get<CropRange>(result.steps[2]).first, -10);
  EXPECT_FALSE(std::get<CropRange>(result.steps[2]).last.has_value());
  EXPECT_EQ(result.shape, (Shape{3, 32, 32}));
  EXPECT_TRUE(result.channels_first);
}

TEST(Preprocess, MapsThePublishedImagenetDomain) {
  // RGB bytes -> BGR minus means in BGR order.
  Preprocess const result = parse_preprocess({"mean=103.939:116.779:123.68,channels=bgr"});
  ChannelMap const map = channel_map(result.model, 0, 255, 3);
  EXPECT_EQ(map.source, (std::vector<std::int32_t>{2, 1, 0}));
  EXPECT_FLOAT_EQ(map.scale[0], 255.0F);
  EXPECT_FLOAT_EQ(map.shift[0], -103.939F);
  EXPECT_FLOAT_EQ(map.shift[2], -123.68F);
}

TEST(Preprocess, ComposesScaleMeanStdAndRange) {
  // stored = -2 + x * 6; model = (stored * 1/2 - 3) / 4: x = 0 -> -1, x = 1 -> -1/4
  Preprocess const result = parse_preprocess({"scale=1/2,mean=3,std=4"});
  ChannelMap const map = channel_map(result.model, -2, 4, 1);
  EXPECT_FLOAT_EQ(map.shift[0], -1.0F);
  EXPECT_FLOAT_EQ(map.scale[0] + map.shift[0], -0.25F);
}

TEST(Preprocess, RefusesWhatItCannotRead) {
  auto const message = [](std::string const& option) { return refusal([&] { parse_preprocess({option}); }); };
  EXPECT_HAS(message("reszie=1x1"), "resize, crop, blur, color, shape, layout, scale, mean, std, channels");
  EXPECT_HAS(message("resize"), "no '='");
  EXPECT_HAS(message(""), "no '='");
  EXPECT_HAS(message("resize=224"), "height x width");
  EXPECT_HAS(message("resize=0x224"), "'0'");
  EXPECT_HAS(message("resize=9999999x1"), "'9999999'");
  EXPECT_HAS(message("resize=shorter"), "too few");
  EXPECT_HAS(message("resize=2x2:lanczos"), "bilinear, area, nearest");
  EXPECT_HAS(message("crop=rows:1"), "not a range");
  EXPECT_HAS(message("crop=99999999999999999999x1"), "whole number");
  EXPECT_HAS(message("blur=4"), "3 and 5");
  EXPECT_HAS(message("color=hsv"), "rgb, gray, yuv");
  EXPECT_HAS(message("scale=1/0"), "not finite");
  EXPECT_HAS(message("scale=nan"), "not a number");
  EXPECT_HAS(message("scale=0"), "scale=0");
  EXPECT_HAS(message("std=1:0:1"), "above 0");
  EXPECT_HAS(message("mean=1:x"), "'x'");
  EXPECT_HAS(message("scale=1,scale=2"), "twice");
  EXPECT_HAS(message("layout=nchw"), "hwc, chw");
}

TEST(Preprocess, ChecksTheNumberOfChannels) {
  auto const message = [](std::string const& option, std::int64_t channels) {
    return refusal([&] { channel_map(parse_preprocess({option}).model, 0, 1, channels); });
  };
  EXPECT_HAS(message("mean=1:2:3", 1), "3 values but the data have 1");
  EXPECT_HAS(message("std=1:2", 3), "2 values but the data have 3");
  EXPECT_HAS(message("channels=bgr", 1), "1 channels");
}

TEST(Preprocess, HelpNamesEveryKey) {
  for (char const* key :
       {"resize=", "crop=", "blur=", "color=", "shape=", "layout=", "scale=", "mean=", "std=", "channels="}) {
    EXPECT_HAS(preprocess_help(), key);
  }
}

TEST(InputRange, IsTwoNumbersInOrder) {
  EXPECT_EQ(parse_input_range("-1.5,2"), (InputRange{-1.5, 2}));
  for (char const* wrong : {"", "1", "1,", "2,1", "1,1", "0,inf", "0,1,2", "a,b"}) {
    EXPECT_HAS(refusal([&] { parse_input_range(wrong); }), "LO,HI");
  }
}

TEST(StoredDomain, IsImpliedBySmallIntegersOnly) {
  StoredDomain const bytes = domain_of(ElementType::uint8, {});
  EXPECT_TRUE(bytes.known && bytes.integer);
  EXPECT_EQ(bytes.lo, 0);
  EXPECT_EQ(bytes.hi, 255);
  EXPECT_EQ(bytes.levels, 256);
  EXPECT_EQ(domain_of(ElementType::int16, {}).levels, 65536);
  EXPECT_EQ(domain_of(ElementType::int8, {}).lo, -128);
  EXPECT_FALSE(domain_of(ElementType::int64, {}).known);
  EXPECT_FALSE(domain_of(ElementType::float32, {}).known);
  StoredDomain const floats = domain_of(ElementType::float32, InputRange{-1, 1});
  EXPECT_TRUE(floats.known);
  EXPECT_EQ(floats.levels, 0);
  EXPECT_EQ(domain_of(ElementType::int64, InputRange{0, 9}).levels, 10);
}

TEST(StoredDomain, RefusesRangesThatDoNotFit) {
  EXPECT_HAS(refusal([] { domain_of(ElementType::uint8, InputRange{0, 256}); }), "0 to 255");
  EXPECT_HAS(refusal([] { domain_of(ElementType::int32, InputRange{0, 0.5}); }), "whole numbers");
  EXPECT_HAS(refusal([] { domain_of(ElementType::int64, InputRange{0, 1e18}); }), "2^24");
}

}  // namespace
}  // namespace sonde::io
