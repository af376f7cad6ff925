// The stored part of --preprocess for records of an array.
#include "base/check.hpp"
#include "io/datasets/array_dataset.hpp"
#include "io/datasets/image.hpp"

namespace sonde::io {

namespace {

/// (C, H, W) -> (H, W, C)
void to_channels_last(float const* from, Shape const& shape, float* to) {
  std::int64_t const channels = shape[0];
  std::int64_t const pixels = shape[1] * shape[2];
  for (std::int64_t p = 0; p < pixels; ++p) {
    for (std::int64_t c = 0; c < channels; ++c) *to++ = from[c * pixels + p];
  }
}

class PreparedDataset : public Dataset {
 public:
  PreparedDataset(DatasetInfo info, std::unique_ptr<Dataset> inner, Preprocess preprocess, Shape stored)
      : Dataset(std::move(info)),
        inner_(std::move(inner)),
        preprocess_(std::move(preprocess)),
        stored_(std::move(stored)) {}

 private:
  void fetch(std::span<std::int64_t const> indices, float* rows) const override {
    if (!preprocess_.channels_first && preprocess_.steps.empty()) return inner_->read(indices, rows);
    std::vector<float> record(static_cast<std::size_t>(volume(stored_)));
    for (std::int64_t index : indices) {
      inner_->read({&index, 1}, record.data());
      if (preprocess_.channels_first) {
        std::vector<float> const turned = record;
        to_channels_last(turned.data(), stored_, record.data());
      }
      rows = preprocess_.steps.empty() ? std::copy(record.begin(), record.end(), rows) : run_steps(record, rows);
    }
  }

  float* run_steps(std::vector<float> const& record, float* rows) const {
    Shape const shape = preprocess_.channels_first ? Shape{stored_[1], stored_[2], stored_[0]} : stored_;
    Image image{shape[0], shape[1], shape[2], {}};
    for (float value : record) image.pixels.push_back(static_cast<std::uint8_t>(value));
    image = apply_steps(preprocess_.steps, std::move(image));
    return std::copy(image.pixels.begin(), image.pixels.end(), rows);
  }

  std::unique_ptr<Dataset> inner_;
  Preprocess preprocess_;
  Shape stored_;  // of a record before layout= and the steps
};

}  // namespace

std::unique_ptr<Dataset> prepared(std::unique_ptr<Dataset> inner, Preprocess const& preprocess) {
  DatasetInfo info = inner->info();
  auto const what = "data set " + info.path + ": ";
  Shape stored = preprocess.shape.empty() ? info.sample_shape : preprocess.shape;
  VALIDATE(volume(stored) == volume(info.sample_shape),
           what << "its records hold " << to_string(info.sample_shape) << " values but shape=" << to_string(stored)
                << " was asked (the number must stay). Give another shape.");
  if (stored.size() == 2) stored.insert(preprocess.channels_first ? stored.begin() : stored.end(), 1);
  VALIDATE(!preprocess.channels_first || stored.size() == 3,
           what << "layout=chw was asked but its records are " << to_string(stored)
                << " (images have three extents). Give shape=CxHxW too.");
  Shape shape = preprocess.channels_first ? Shape{stored[1], stored[2], stored[0]} : stored;
  if (!preprocess.steps.empty()) {
    VALIDATE(shape.size() == 3 && (shape[2] == 1 || shape[2] == 3),
             what << "its records are " << to_string(shape)
                  << " (image steps need height x width x 1 or 3). Give shape=HxWxC, or layout=chw.");
    VALIDATE(
        info.domain.integer && info.domain.known && info.domain.lo >= 0 && info.domain.hi <= 255,
        what << "its values are not whole numbers from 0 to 255 (resize, crop, blur and color work on 8-bit images). "
             << "Give --input-range 0,255 if they are, or prepare the data beforehand.");
    shape = shape_after(preprocess.steps, shape);
  }
  info.sample_shape = shape;
  return std::make_unique<PreparedDataset>(std::move(info), std::move(inner), preprocess, std::move(stored));
}

}  // namespace sonde::io
