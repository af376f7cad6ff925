// The reference data beside the checkout; numbers computed beforehand with Pillow 13.0, OpenCV 4.11 and numpy.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "io/dataset_files.hpp"

namespace sonde::io {
namespace {

using namespace test;

DataOptions with(std::string const& preprocess) {
  DataOptions options;
  if (!preprocess.empty()) options.preprocess = parse_preprocess({preprocess});
  return options;
}

std::unique_ptr<Dataset> shared(std::string const& name, DataOptions const& options = {}) {
  return open(shared_path("data/" + name).string(), options);
}

double sum(std::vector<float> const& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

/// Sums over one channel of one record.
double channel_sum(std::vector<float> const& values, std::size_t channel) {
  double total = 0;
  for (std::size_t i = channel; i < values.size(); i += 3) total += values[i];
  return total;
}

std::vector<float> pixel(std::vector<float> const& values, std::size_t width, std::size_t y, std::size_t x) {
  auto const at = values.begin() + static_cast<std::ptrdiff_t>(3 * (y * width + x));
  return {at, at + 3};
}

TEST(RealData, MnistImagesAndLabels) {
  SONDE_NEEDS_SHARED("data/mnist/t10k-images-idx3-ubyte.gz");
  auto const images = shared("mnist/t10k-images-idx3-ubyte.gz");
  EXPECT_EQ(images->size(), 10000);
  EXPECT_EQ(images->sample_shape(), (Shape{28, 28, 1}));
  EXPECT_EQ(sum(rows(*images, {0})), 18454);
  EXPECT_EQ(sum(rows(*images, {9999})), 41833);
  Labels const labels = read_labels(shared_path("data/mnist/t10k-labels-idx1-ubyte.gz").string(), "", world());
  ASSERT_EQ(labels.values.size(), 10000U);
  EXPECT_EQ(std::vector<double>(labels.values.begin(), labels.values.begin() + 5),
            (std::vector<double>{7, 2, 1, 0, 4}));
}

TEST(RealData, CifarCsv) {
  SONDE_NEEDS_SHARED("data/cifar10/test100.csv");
  DataOptions options = with("shape=32x32x3");
  options.label_column = "0";
  options.input_range = {0, 255};
  auto const images = shared("cifar10/test100.csv", options);
  EXPECT_EQ(images->size(), 100);
  EXPECT_EQ(images->sample_shape(), (Shape{32, 32, 3}));
  EXPECT_EQ(images->domain().levels, 256);
  EXPECT_EQ(pixel(rows(*images, {0}), 32, 0, 0), (std::vector<float>{158, 112, 49}));
  Labels const labels = read_labels(shared_path("data/cifar10/test100.csv").string(), "0", world());
  EXPECT_EQ(labels.values[0], 3);
  EXPECT_TRUE(labels.integer);
}

TEST(RealData, PdfTable) {
  SONDE_NEEDS_SHARED("data/pdf/test.csv.gz");
  DataOptions options;
  options.columns = "2-136";
  auto const table = shared("pdf/test.csv.gz", options);
  EXPECT_EQ(table->size(), 10000);
  EXPECT_EQ(table->sample_shape(), (Shape{135}));
  EXPECT_EQ(table->feature_names().front(), "author_dot");
  EXPECT_FALSE(table->domain().integer);
  EXPECT_EQ(rows(*table, {0})[8], 1);  // TRUE
  EXPECT_NEAR(sum(rows(*table, {9999})), -9.960774945095181, 1e-3);
  Labels const labels = read_labels(shared_path("data/pdf/test.csv.gz").string(), "class", world());
  EXPECT_EQ(sum({labels.values.begin(), labels.values.end()}), 5000);
  // The file names cannot be fed to a model.
  EXPECT_HAS(refusal([] { shared("pdf/test.csv.gz"); }), "line 2, column 1 ('filename')");
}

TEST(RealData, AdultTable) {
  SONDE_NEEDS_SHARED("data/tabular/adult_processed.csv.gz");
  DataOptions options;
  options.label_column = "label";
  auto const table = shared("tabular/adult_processed.csv.gz", options);
  EXPECT_EQ(table->size(), 45222);
  EXPECT_EQ(table->sample_shape(), (Shape{13}));
  EXPECT_TRUE(table->domain().integer);
  EXPECT_EQ(rows(*table, {1}), (std::vector<float>{38, 2, 11, 9, 2, 4, 0, 4, 1, 0, 0, 50, 38}));
  EXPECT_HAS(refusal([&] { table->require_range(); }), "--input-range");
}

TEST(RealData, SteeringFramesAsTheYuvModelSeesThem) {
  SONDE_NEEDS_SHARED("data/steering/frames");
  auto const frames = shared("steering/frames", with("crop=rows:50:140,blur=3,resize=66x200:area,color=yuv"));
  EXPECT_EQ(frames->size(), 60);
  EXPECT_EQ(frames->sample_shape(), (Shape{66, 200, 3}));
  EXPECT_EQ(frames->record_name(0), "center_2018_07_16_17_11_48_057.jpg");
  auto const values = rows(*frames, {0});
  EXPECT_EQ(pixel(values, 200, 0, 0), (std::vector<float>{94, 103, 139}));
  EXPECT_EQ(pixel(values, 200, 10, 33), (std::vector<float>{41, 113, 132}));
  EXPECT_EQ(pixel(values, 200, 20, 100), (std::vector<float>{143, 120, 132}));
  EXPECT_EQ(pixel(values, 200, 50, 77), (std::vector<float>{128, 122, 129}));
  EXPECT_EQ(pixel(values, 200, 65, 199), (std::vector<float>{105, 122, 129}));
  EXPECT_EQ(pixel(values, 200, 0, 199), (std::vector<float>{64, 124, 123}));
  // A rounding on the edge of two values may go the other way in a few pixels.
  EXPECT_NEAR(channel_sum(values, 0), 1799692, 20);
  EXPECT_NEAR(channel_sum(values, 1), 1532594, 20);
  EXPECT_NEAR(channel_sum(values, 2), 1777689, 20);
}

TEST(RealData, SteeringFramesAsTheRgbModelSeesThem) {
  SONDE_NEEDS_SHARED("data/steering/frames");
  auto const values = rows(*shared("steering/frames", with("crop=rows:40:-20,resize=66x200:area")), {0});
  EXPECT_EQ(pixel(values, 200, 0, 0), (std::vector<float>{49, 50, 6}));
  EXPECT_EQ(pixel(values, 200, 33, 150), (std::vector<float>{149, 136, 119}));
  EXPECT_EQ(pixel(values, 200, 65, 199), (std::vector<float>{102, 103, 89}));
  EXPECT_NEAR(channel_sum(values, 0), 1842816, 20);
  EXPECT_NEAR(channel_sum(values, 2), 1462320, 20);
}

TEST(RealData, SteeringTargets) {
  SONDE_NEEDS_SHARED("data/steering/frames.csv");
  Labels const labels = read_labels(shared_path("data/steering/frames.csv").string(), "steering", world());
  ASSERT_EQ(labels.values.size(), 60U);
  EXPECT_NEAR(labels.values[0], 0.05533018, 1e-8);
  EXPECT_FALSE(labels.integer);
}

TEST(RealData, ImagenetSeeds) {
  SONDE_NEEDS_SHARED("data/imagenet/seeds");
  auto const seeds = shared("imagenet/seeds", with("resize=shorter:256,crop=224x224"));
  EXPECT_EQ(seeds->size(), 48);
  EXPECT_EQ(seeds->sample_shape(), (Shape{224, 224, 3}));
  EXPECT_EQ(seeds->record_name(7), "ILSVRC2012_test_00000321.JPEG");
  auto const values = rows(*seeds, {7, 0});
  std::vector<float> const color(values.begin(), values.begin() + 224 * 224 * 3);
  std::vector<float> const gray(values.begin() + 224 * 224 * 3, values.end());
  EXPECT_EQ(pixel(color, 224, 0, 0), (std::vector<float>{11, 3, 1}));
  EXPECT_EQ(pixel(color, 224, 100, 57), (std::vector<float>{34, 6, 3}));
  EXPECT_EQ(channel_sum(color, 0), 4902299);
  EXPECT_EQ(channel_sum(color, 2), 153460);
  EXPECT_EQ(channel_sum(gray, 1), 4909487);  // a gray image among coloured ones
  auto const squashed = rows(*shared("imagenet/seeds", with("resize=224x224")), {7});
  EXPECT_EQ(pixel(squashed, 224, 100, 57), (std::vector<float>{49, 7, 1}));
  EXPECT_EQ(channel_sum(squashed, 0), 3564295);
  EXPECT_HAS(refusal([] { shared("imagenet/seeds"); }), "resize=HxW");
}

TEST(RealData, CamvidImagesAndMasks) {
  SONDE_NEEDS_SHARED("data/camvid/masks");
  auto const masks = shared("camvid/masks");
  EXPECT_EQ(masks->size(), 48);
  EXPECT_EQ(masks->sample_shape(), (Shape{360, 480, 1}));
  auto const labels = rows(*masks, {5});
  EXPECT_LE(*std::max_element(labels.begin(), labels.end()), 11);
  EXPECT_EQ(sum(labels), 484304);
  EXPECT_EQ(shared("camvid/images")->sample_shape(), (Shape{360, 480, 3}));
}

TEST(RealData, GoldenArraysOfAnHdf5File) {
  SONDE_NEEDS_SHARED("golden/mnist_lenets.h5");
  EXPECT_HAS(refusal([] { open(shared_path("golden/mnist_lenets.h5").string()); }), "no data set of the file is named");
}

}  // namespace
}  // namespace sonde::io
