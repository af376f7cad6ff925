// Folders of JPEG and PNG made here, right and wrong; also under several ranks.
#include <gtest/gtest.h>

#include <cmath>

#include "io/dataset_files.hpp"
#include "io/image_files.hpp"

namespace sonde::io {
namespace {

using namespace test;

/// A fresh folder of these files.
std::string folder(std::string const& name, std::vector<std::pair<std::string, std::string>> const& files) {
  on_root([&] { std::filesystem::remove_all(scratch(name)); });
  for (auto const& [file, bytes] : files) put(name + "/" + file, bytes);
  return scratch(name);
}

DataOptions with(std::string const& preprocess) {
  DataOptions options;
  options.preprocess = parse_preprocess({preprocess});
  return options;
}

std::vector<float> floats(Image const& image) { return {image.pixels.begin(), image.pixels.end()}; }

TEST(ImageFolder, ReadsPngsInTheOrderOfNames) {
  auto const data = open(folder(
      "png", {{"b.png", png_bytes(pattern(3, 4))}, {"a.PNG", png_bytes(pattern(3, 4, 1))}, {"notes.txt", "no image"}}));
  EXPECT_EQ(data->size(), 2);
  EXPECT_EQ(data->record_name(0), "a.PNG");
  EXPECT_EQ(data->record_name(1), "b.png");
  EXPECT_EQ(data->sample_shape(), (Shape{3, 4, 3}));
  EXPECT_EQ(data->domain().levels, 256);
  EXPECT_EQ(rows(*data, {1}), floats(pattern(3, 4)));
  EXPECT_EQ(rows(*data, {0}), floats(gray_to_rgb(pattern(3, 4, 1))));  // gray beside colour becomes RGB
  EXPECT_EQ(data->sha256().size(), 64U);
}

TEST(ImageFolder, GrayAloneStaysGray) {
  std::string const path =
      folder("gray", {{"a.png", png_bytes(pattern(3, 4, 1))}, {"b.jpg", jpeg_bytes(pattern(3, 4, 1))}});
  EXPECT_EQ(open(path)->sample_shape(), (Shape{3, 4, 1}));
  EXPECT_EQ(open(path, with("color=rgb"))->sample_shape(), (Shape{3, 4, 3}));
}

TEST(ImageFolder, ChecksumCoversNamesAndContents) {
  std::string const one = open(folder("sum", {{"a.png", png_bytes(pattern(2, 2))}}))->sha256();
  EXPECT_NE(open(folder("sum", {{"b.png", png_bytes(pattern(2, 2))}}))->sha256(), one);
  EXPECT_NE(open(folder("sum", {{"a.png", png_bytes(pattern(2, 3))}}))->sha256(), one);
  EXPECT_EQ(open(folder("sum", {{"a.png", png_bytes(pattern(2, 2))}}))->sha256(), one);
}

TEST(ImageFolder, ReadsJpeg) {
  Image flat{16, 16, 3, {}};
  for (int i = 0; i < 256; ++i) flat.pixels.insert(flat.pixels.end(), {200, 100, 50});
  auto const values = rows(*open(folder("jpeg", {{"a.jpeg", jpeg_bytes(flat)}})), {0});
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], flat.pixels[i], 3);
}

TEST(ImageFolder, ReadsPalettesAndDropsAlpha) {
  // Two colours, red and blue, by index.
  std::uint8_t const colors[6] = {250, 1, 2, 3, 4, 240};
  std::uint8_t const indices[2] = {1, 0};
  std::string const palette = png_bytes(1, 2, PNG_FORMAT_RGB_COLORMAP, indices, colors, 2);
  EXPECT_EQ(rows(*open(folder("palette", {{"a.png", palette}})), {0}), (std::vector<float>{3, 4, 240, 250, 1, 2}));
  std::uint8_t const rgba[8] = {10, 20, 30, 0, 40, 50, 60, 128};
  EXPECT_EQ(rows(*open(folder("alpha", {{"a.png", png_bytes(1, 2, PNG_FORMAT_RGBA, rgba)}})), {0}),
            (std::vector<float>{10, 20, 30, 40, 50, 60}));
  std::uint8_t const gray_alpha[4] = {10, 0, 20, 255};
  EXPECT_EQ(rows(*open(folder("alpha", {{"a.png", png_bytes(1, 2, PNG_FORMAT_GA, gray_alpha)}})), {0}),
            (std::vector<float>{10, 20}));
}

TEST(ImageFolder, RefusesWhatItCannotRead) {
  std::uint16_t const deep[2] = {1000, 2000};
  EXPECT_HAS(refusal_of(folder("deep", {{"a.png", png_bytes(1, 2, PNG_FORMAT_LINEAR_Y, deep)}})), "16 bits a channel");
  EXPECT_HAS(refusal_of(folder("cmyk", {{"a.jpg", jpeg_bytes(pattern(8, 8, 4))}})), "4 colour components");
  EXPECT_HAS(refusal_of(folder("text", {{"a.png", "not an image"}})), "neither JPEG nor PNG");
  EXPECT_HAS(refusal_of(folder("blank", {{"a.jpg", ""}})), "neither JPEG nor PNG");
  EXPECT_HAS(refusal_of(folder("none", {{"a.txt", "x"}})), "holds no image");
  EXPECT_HAS(refusal_of(scratch("none"), with("shape=1x1x1")), "for arrays and tables");
}

TEST(ImageFolder, NamesTheImageOfAnotherSize) {
  std::string const path = folder("sizes", {{"a.png", png_bytes(pattern(3, 4))}, {"b.png", png_bytes(pattern(3, 5))}});
  EXPECT_HAS(refusal_of(path), "b.png: it is 3x5x3 but a.png is 3x4x3");
  EXPECT_HAS(refusal_of(path), "resize=HxW");
  EXPECT_EQ(open(path, with("resize=2x2"))->sample_shape(), (Shape{2, 2, 3}));
  EXPECT_EQ(open(path, with("crop=3x4"))->sample_shape(), (Shape{3, 4, 3}));
  EXPECT_HAS(refusal_of(path, with("crop=4x4")), "only 3x4");
}

/// A folder whose header is fine but whose pixels are cut opens, and refuses that record by name.
TEST(ImageFolder, RefusesTruncatedImages) {
  for (std::string const& whole : {png_bytes(pattern(40, 50)), jpeg_bytes(pattern(40, 50))}) {
    for (std::size_t size = 12; size + 3 < whole.size(); size += whole.size() / 9) {
      std::string const path = folder("cut", {{"a.png", whole.substr(0, size)}});
      std::string const message = refusal([&] { rows(*open(path), {0}); });
      EXPECT_HAS(message, "a.png");
      EXPECT_HAS(message, "decoded");
    }
  }
}

/// Flipped bytes either decode to an image of that size or are refused; nothing else happens.
TEST(ImageFolder, SurvivesDamagedImages) {
  for (std::string const& whole : {png_bytes(pattern(20, 20)), jpeg_bytes(pattern(20, 20))}) {
    int refused = 0;
    for (std::size_t at = 8; at < whole.size(); at += whole.size() / 40) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x5a);
      std::string const path = folder("damaged", {{"a.png", damaged}});
      try {
        auto const data = open(path);
        EXPECT_LE(volume(data->sample_shape()), 3 << 26);
        if (volume(data->sample_shape()) <= 1200) rows(*data, {0});
      } catch (InputError const&) {
        ++refused;
      }
    }
    EXPECT_GT(refused, 3);
  }
}

TEST(ImageFolder, RefusesImagesOfAbsurdSize) {
  std::string jpeg = jpeg_bytes(pattern(8, 8));
  auto const frame = jpeg.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  jpeg.replace(frame + 5, 4, "\xff\xdc\xff\xdc");  // height and width, 65500 each
  EXPECT_HAS(refusal_of(folder("absurd", {{"a.jpg", jpeg}})), "64 Mi pixels");
}

}  // namespace
}  // namespace sonde::io
