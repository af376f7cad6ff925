// MNIST test images without the readers under test.
#pragma once

#include <zlib.h>

#include <string>
#include <vector>

#include "harness/shared_data.hpp"

namespace sonde::test {

/// Images by index, value / 255, (count, 28, 28, 1).
inline std::vector<float> mnist_images(std::vector<std::int64_t> const& indices) {
  constexpr std::size_t header = 16, pixels = 784, images = 10000;
  std::vector<unsigned char> bytes(header + pixels * images);
  gzFile file = gzopen(shared_path("data/mnist/t10k-images-idx3-ubyte.gz").c_str(), "rb");
  gzread(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
  std::vector<float> rows;
  for (std::int64_t index : indices) {
    for (std::size_t i = 0; i < pixels; ++i)
      rows.push_back(static_cast<float>(bytes[header + static_cast<std::size_t>(index) * pixels + i]) / 255.0F);
  }
  return rows;
}

/// All labels.
inline std::vector<int> mnist_labels() {
  constexpr std::size_t header = 8, images = 10000;
  std::vector<unsigned char> bytes(header + images);
  gzFile file = gzopen(shared_path("data/mnist/t10k-labels-idx1-ubyte.gz").c_str(), "rb");
  gzread(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
  return {bytes.begin() + header, bytes.end()};
}

}  // namespace sonde::test
