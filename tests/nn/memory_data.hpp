// A data set in memory, for tests.
#pragma once

#include <algorithm>

#include "base/check.hpp"
#include "io/datasets/dataset.hpp"

namespace sonde::test {

/// Record i holds `first + i` in all of its elements; the record `bad` cannot be read.
class MemoryData : public io::Dataset {
 public:
  MemoryData(std::int64_t size, Shape sample, float first = 0, std::int64_t bad = -1)
      : Dataset(facts(size, std::move(sample))), first_(first), bad_(bad) {}

 private:
  static io::DatasetInfo facts(std::int64_t size, Shape sample) {
    io::DatasetInfo info;
    info.path = "memory";
    info.size = size;
    info.sample_shape = std::move(sample);
    info.domain = io::domain_of(io::ElementType::uint8, std::nullopt);
    return info;
  }
  void fetch(std::span<std::int64_t const> indices, float* rows) const override {
    auto const features = volume(sample_shape());
    for (std::int64_t const index : indices) {
      if (index == bad_) throw InputError("record " + std::to_string(index) + " is damaged");
      rows = std::fill_n(rows, features, first_ + static_cast<float>(index));
    }
  }

  float first_;
  std::int64_t bad_;
};

}  // namespace sonde::test
