#include "io/datasets/array_dataset.hpp"

#include <algorithm>
#include <cstring>

#include "base/check.hpp"

namespace sonde::io {

namespace {

template <class T>
void convert(bool swap, std::span<std::byte const> bytes, float* values) {
  for (std::size_t i = 0; i + sizeof(T) <= bytes.size(); i += sizeof(T)) {
    std::byte element[sizeof(T)];
    std::memcpy(element, bytes.data() + i, sizeof(T));
    if (swap) std::reverse(element, element + sizeof(T));
    T value;
    std::memcpy(&value, element, sizeof(T));
    *values++ = static_cast<float>(value);
  }
}

class ArrayDataset : public Dataset {
 public:
  ArrayDataset(DatasetInfo info, std::shared_ptr<ByteSource const> bytes, ArrayLayout layout)
      : Dataset(std::move(info)), bytes_(std::move(bytes)), layout_(std::move(layout)) {}

 private:
  void fetch(std::span<std::int64_t const> indices, float* rows) const override {
    std::int64_t const features = volume(sample_shape());
    std::vector<std::byte> row(static_cast<std::size_t>(features) * size_of(layout_.type));
    for (std::int64_t index : indices) {
      bytes_->read(layout_.offset + index * static_cast<std::int64_t>(row.size()), row);
      convert_elements(layout_, row, rows);
      rows += features;
    }
  }

  std::shared_ptr<ByteSource const> bytes_;
  ArrayLayout layout_;
};

}  // namespace

void convert_elements(ArrayLayout const& layout, std::span<std::byte const> bytes, float* values) {
  bool const swap = layout.big_endian;  // sonde runs on little-endian machines
  switch (layout.type) {
    case ElementType::int8:
      return convert<std::int8_t>(swap, bytes, values);
    case ElementType::uint8:
      return convert<std::uint8_t>(swap, bytes, values);
    case ElementType::int16:
      return convert<std::int16_t>(swap, bytes, values);
    case ElementType::uint16:
      return convert<std::uint16_t>(swap, bytes, values);
    case ElementType::int32:
      return convert<std::int32_t>(swap, bytes, values);
    case ElementType::uint32:
      return convert<std::uint32_t>(swap, bytes, values);
    case ElementType::int64:
      return convert<std::int64_t>(swap, bytes, values);
    case ElementType::uint64:
      return convert<std::uint64_t>(swap, bytes, values);
    case ElementType::float32:
      return convert<float>(swap, bytes, values);
    case ElementType::float64:
      return convert<double>(swap, bytes, values);
    case ElementType::text:
      break;
  }
  EXPECT(false);
}

void describe_array(DatasetInfo& info, ElementType type, Shape const& shape, std::optional<InputRange> const& range) {
  VALIDATE(!shape.empty(),
           "data set " << info.path
                       << ": it is a single number (records are expected along the first extent). Give an array.");
  VALIDATE(std::ranges::count(shape, 0) == 0, "data set " << info.path << ": it is empty (its shape is "
                                                          << to_string(shape) << "). Give a data set with records.");
  try {
    volume(shape);
  } catch (InputError const& error) {
    SONDE_FAIL_AS(InputError, "data set " << info.path << ": " << error.what());
  }
  info.size = shape[0];
  info.sample_shape.assign(shape.begin() + 1, shape.end());
  if (info.sample_shape.empty()) info.sample_shape = {1};
  info.domain = domain_of(type, range);
}

std::unique_ptr<Dataset> array_dataset(DatasetInfo info, std::shared_ptr<ByteSource const> bytes,
                                       ArrayLayout const& layout) {
  return std::make_unique<ArrayDataset>(std::move(info), std::move(bytes), layout);
}

}  // namespace sonde::io
