// Real ONNX models against other files of the same networks.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "harness/shared_data.hpp"
#include "nn/runner.hpp"

namespace {

using namespace sonde;

/// A smooth picture, (224, 224, 3) in 0..255, that differs in each channel.
std::vector<float> picture() {
  std::vector<float> pixels;
  for (int y = 0; y < 224; ++y) {
    for (int x = 0; x < 224; ++x) {
      for (int c = 0; c < 3; ++c) {
        double const wave = std::sin(0.05 * y + c) * std::cos(0.07 * x - 2 * c) + 0.3 * std::sin(0.9 * x + 0.4 * y);
        pixels.push_back(static_cast<float>(std::round(127.5 + 95 * wave)));
      }
    }
  }
  return pixels;
}

/// The model's output for one image.
std::vector<float> output(std::string const& name, std::vector<float> const& image) {
  auto network = std::make_shared<nn::Network const>(io::read_model(test::shared_path(name).string()));
  std::shared_ptr<backend::Backend const> backend = backend::make_backend("cpu", network->file());
  nn::Runner runner(network, backend, {{1}, false});
  runner.forward(1, image.data());
  std::vector<float> rows(static_cast<std::size_t>(network->outputs()));
  runner.outputs(1, rows.data());
  return rows;
}

/// Largest difference in units of the largest value.
float difference(std::vector<float> const& a, std::vector<float> const& b) {
  EXPECT_EQ(a.size(), b.size());
  float largest = 0, worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(b[i]));
    worst = std::max(worst, std::abs(a[i] - b[i]));
  }
  EXPECT_GT(largest, 0);
  return worst / largest;
}

TEST(OnnxModels, HalfPrecisionSqueezeNetEqualsItsConvertedForm) {
  SONDE_NEEDS_SHARED("data/imagenet/SqueezeNet_fp16.onnx");
  std::vector<float> const rgb = picture();
  std::vector<float> bgr(rgb.size());
  constexpr float mean[] = {104, 117, 123};
  for (std::size_t i = 0; i < rgb.size(); ++i) bgr[i] = rgb[i / 3 * 3 + 2 - i % 3] - mean[i % 3];
  EXPECT_LT(difference(output("data/imagenet/SqueezeNet_fp16.onnx", bgr),
                       output("data/imagenet/squeezenet11_caffe_rgb255.onnx", rgb)),
            1e-3F);
}

TEST(OnnxModels, DarknetEqualsItsKerasForm) {
  SONDE_NEEDS_SHARED("data/imagenet/darknet_tiny_rgb255.onnx");
  std::vector<float> const rgb = picture();
  std::vector<float> scaled = rgb;
  for (float& value : scaled) value /= 255;
  std::vector<float> onnx = output("data/imagenet/darknet_tiny_rgb255.onnx", rgb);
  std::vector<float> keras = output("data/imagenet/darknet_tiny.h5", scaled);
  // The files order the classes differently.
  std::ranges::sort(onnx);
  std::ranges::sort(keras);
  EXPECT_LT(difference(onnx, keras), 1e-4F);
}

}  // namespace
