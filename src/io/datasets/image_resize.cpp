#include "io/datasets/image_resize.hpp"

#include <algorithm>
#include <cmath>

namespace sonde::io {

namespace {

/// An output pixel along one axis: a weighted sum of input pixels from `first` on.
struct Taps {
  std::int64_t first;
  std::vector<double> weights;  // they sum to 1
};

/// Triangle filter, as wide as an output pixel when shrinking: PIL's precompute_coeffs for BILINEAR.
std::vector<Taps> bilinear_taps(std::int64_t in, std::int64_t out) {
  double const scale = static_cast<double>(in) / static_cast<double>(out);
  double const support = std::max(scale, 1.0);
  std::vector<Taps> result;
  for (std::int64_t i = 0; i < out; ++i) {
    double const centre = (static_cast<double>(i) + 0.5) * scale;
    auto const first = std::max<std::int64_t>(static_cast<std::int64_t>(centre - support + 0.5), 0);
    auto const last = std::min(static_cast<std::int64_t>(centre + support + 0.5), in);
    Taps taps{first, {}};
    double sum = 0;
    for (std::int64_t x = first; x < last; ++x) {
      double const distance = std::abs((static_cast<double>(x) - centre + 0.5) * (1 / support));
      taps.weights.push_back(std::max(1 - distance, 0.0));
      sum += taps.weights.back();
    }
    for (double& weight : taps.weights) weight /= sum;
    result.push_back(std::move(taps));
  }
  return result;
}

/// The mean over the interval an output pixel covers.
std::vector<Taps> area_taps(std::int64_t in, std::int64_t out) {
  double const scale = static_cast<double>(in) / static_cast<double>(out);
  std::vector<Taps> result;
  for (std::int64_t i = 0; i < out; ++i) {
    double const begin = static_cast<double>(i) * scale;
    double const end = std::min(begin + scale, static_cast<double>(in));
    Taps taps{std::min(static_cast<std::int64_t>(begin), in - 1), {}};
    for (auto x = static_cast<double>(taps.first); x < end; ++x) {
      taps.weights.push_back((std::min(x + 1, end) - std::max(x, begin)) / (end - begin));
    }
    result.push_back(std::move(taps));
  }
  return result;
}

std::vector<Taps> nearest_taps(std::int64_t in, std::int64_t out) {
  std::vector<Taps> result;
  for (std::int64_t i = 0; i < out; ++i) result.push_back({(2 * i + 1) * in / (2 * out), {1.0}});
  return result;
}

std::vector<Taps> taps_of(ResizeFilter filter, std::int64_t in, std::int64_t out) {
  if (filter == ResizeFilter::bilinear) return bilinear_taps(in, out);
  if (filter == ResizeFilter::area) return area_taps(in, out);
  return nearest_taps(in, out);
}

/// Resamples the middle axis of (outer, in, inner): one pass of a resize, rounded to 8 bits. Weights are fixed point
/// with 22 bits after the point, as PIL's, whose results are reproduced bit for bit.
std::vector<std::uint8_t> resample(std::vector<std::uint8_t> const& from, std::int64_t outer, std::int64_t in,
                                   std::int64_t inner, std::vector<Taps> const& taps) {
  std::vector<std::uint8_t> to(static_cast<std::size_t>(outer * inner) * taps.size());
  std::vector<std::int64_t> sums(static_cast<std::size_t>(inner));
  auto target = to.begin();
  for (std::int64_t o = 0; o < outer; ++o) {
    for (Taps const& tap : taps) {
      std::fill(sums.begin(), sums.end(), std::int64_t{1} << 21);  // one half
      std::uint8_t const* line = from.data() + (o * in + tap.first) * inner;
      for (double const weight : tap.weights) {
        auto const fixed = static_cast<std::int64_t>(weight * (1 << 22) + 0.5);
        for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += fixed * line[i];
        line += inner;
      }
      for (std::int64_t sum : sums) *target++ = static_cast<std::uint8_t>(std::clamp<std::int64_t>(sum >> 22, 0, 255));
    }
  }
  return to;
}

/// Area means in float, rounded once at the end, as OpenCV does.
Image resize_area(Image const& image, std::vector<Taps> const& rows, std::vector<Taps> const& columns) {
  Image result{static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(columns.size()), image.channels, {}};
  for (Taps const& row : rows) {
    for (Taps const& column : columns) {
      for (std::int64_t c = 0; c < image.channels; ++c) {
        float sum = 0;
        for (std::size_t y = 0; y < row.weights.size(); ++y) {
          std::uint8_t const* line =
              image.pixels.data() + (row.first + static_cast<std::int64_t>(y)) * image.width * image.channels;
          float part = 0;
          for (std::size_t x = 0; x < column.weights.size(); ++x) {
            part += static_cast<float>(column.weights[x]) *
                    static_cast<float>(line[(column.first + static_cast<std::int64_t>(x)) * image.channels + c]);
          }
          sum += static_cast<float>(row.weights[y]) * part;
        }
        result.pixels.push_back(static_cast<std::uint8_t>(std::clamp(std::nearbyint(sum), 0.0F, 255.0F)));
      }
    }
  }
  return result;
}
}  // namespace

Image resize(Image image, std::int64_t height, std::int64_t width, ResizeFilter filter) {
  auto const rows = taps_of(filter, image.height, height);
  auto const columns = taps_of(filter, image.width, width);
  if (filter == ResizeFilter::area) return resize_area(image, rows, columns);
  image.pixels = resample(image.pixels, image.height, image.width, image.channels, columns);
  image.pixels = resample(image.pixels, 1, image.height, width * image.channels, rows);
  image.height = height;
  image.width = width;
  return image;
}

}  // namespace sonde::io
