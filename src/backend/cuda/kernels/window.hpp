// Kernels over windows of images: pooling, and convolution for what cuDNN does not do. Gradients are gathered by the
// element that receives them, in the order of the reference, so that no two threads write to one place.
#pragma once

#include <limits>

#include "backend/cuda/kernels/index.hpp"
#include "io/models/ops.hpp"

namespace sonde::backend::kernels {

/// (H, W, C) and (H', W', K) of one sample, and the window between them.
struct Images {
  std::int64_t height, width, channels;       // of x
  std::int64_t out_height, out_width, units;  // of y
  io::Window window;

  struct Place {
    std::int64_t n, row, column, channel;
  };
  SONDE_HOST_DEVICE static Place place(std::int64_t i, std::int64_t height, std::int64_t width, std::int64_t channels) {
    Split const c = split(i, channels);
    Split const column = split(c.quotient, width);
    Split const row = split(column.quotient, height);
    return {row.quotient, row.remainder, column.remainder, c.remainder};
  }
  SONDE_HOST_DEVICE Place in_place(std::int64_t i) const { return place(i, height, width, channels); }
  SONDE_HOST_DEVICE Place out_place(std::int64_t i) const { return place(i, out_height, out_width, units); }

  /// Position in x (row * width + column) of element (p, q) of the window of the output at (row, column); -1 outside.
  SONDE_HOST_DEVICE std::int64_t position(std::int64_t row, std::int64_t column, std::int64_t p, std::int64_t q) const {
    std::int64_t const r = row * window.stride_y + p * window.dilation_y - window.top;
    std::int64_t const c = column * window.stride_x + q * window.dilation_x - window.left;
    return r >= 0 && r < height && c >= 0 && c < width ? r * width + c : -1;
  }

  /// The outputs along one axis whose windows may reach a place: [first, end).
  struct Range {
    std::int64_t first, end;
  };
  SONDE_HOST_DEVICE static Range reaching(std::int64_t at, std::int64_t padding, std::int64_t stride,
                                          std::int64_t dilation, std::int64_t extent, std::int64_t outputs) {
    std::int64_t const last = at + padding;                     // output * stride + p * dilation = last
    std::int64_t const least = last - (extent - 1) * dilation;  // of output * stride
    std::int64_t const first = least > 0 ? (least + stride - 1) / stride : 0;
    return {first, smaller(last / stride + 1, outputs)};
  }
  SONDE_HOST_DEVICE Range rows_reaching(std::int64_t row) const {
    return reaching(row, window.top, window.stride_y, window.dilation_y, window.height, out_height);
  }
  SONDE_HOST_DEVICE Range columns_reaching(std::int64_t column) const {
    return reaching(column, window.left, window.stride_x, window.dilation_x, window.width, out_width);
  }
  /// Element of a window of output `out` along an axis that lies on `at`; -1 when none does.
  SONDE_HOST_DEVICE static std::int64_t element(std::int64_t at, std::int64_t padding, std::int64_t out,
                                                std::int64_t stride, std::int64_t dilation) {
    Split const p = split(at + padding - out * stride, dilation);
    return p.remainder == 0 ? p.quotient : -1;
  }
  /// Number of elements of a window that lie inside the image.
  SONDE_HOST_DEVICE std::int64_t inside(std::int64_t row, std::int64_t column) const {
    std::int64_t count = 0;
    for (std::int64_t p = 0; p < window.height; ++p) {
      for (std::int64_t q = 0; q < window.width; ++q) count += position(row, column, p, q) >= 0;
    }
    return count;
  }
};

struct MaxPoolForward {
  Images images;
  float const* x;
  float* y;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Images::Place const o = images.out_place(i);
    float const* const sample = x + o.n * images.height * images.width * images.channels + o.channel;
    float largest = -std::numeric_limits<float>::infinity();
    for (std::int64_t p = 0; p < images.window.height; ++p) {
      for (std::int64_t q = 0; q < images.window.width; ++q) {
        std::int64_t const at = images.position(o.row, o.column, p, q);
        if (at >= 0 && sample[at * images.channels] > largest) largest = sample[at * images.channels];
      }
    }
    y[i] = largest;
  }
};

/// The gradient of a maximum goes to the first largest element in row-major order.
struct MaxPoolBackward {
  Images images;
  float const *x, *y, *dy;
  float* dx;
  bool add;

  /// Position of the first element of a window that is `value`; -1 when none is.
  SONDE_HOST_DEVICE std::int64_t winner(float const* sample, std::int64_t row, std::int64_t column, float value) const {
    for (std::int64_t p = 0; p < images.window.height; ++p) {
      for (std::int64_t q = 0; q < images.window.width; ++q) {
        std::int64_t const at = images.position(row, column, p, q);
        if (at >= 0 && sample[at * images.channels] == value) return at;
      }
    }
    return -1;
  }

  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Images::Place const e = images.in_place(i);
    float const* const sample = x + e.n * images.height * images.width * images.channels + e.channel;
    Images::Range const rows = images.rows_reaching(e.row), columns = images.columns_reaching(e.column);
    double sum = 0;
    for (std::int64_t row = rows.first; row < rows.end; ++row) {
      for (std::int64_t column = columns.first; column < columns.end; ++column) {
        std::int64_t const o =
            ((e.n * images.out_height + row) * images.out_width + column) * images.channels + e.channel;
        if (y[o] == x[i] && winner(sample, row, column, y[o]) == e.row * images.width + e.column) sum += dy[o];
      }
    }
    write(dx + i, add, sum);
  }
};

struct AveragePoolForward {
  Images images;
  bool count_padding;
  float const* x;
  float* y;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Images::Place const o = images.out_place(i);
    float const* const sample = x + o.n * images.height * images.width * images.channels + o.channel;
    double sum = 0;
    std::int64_t count = 0;
    for (std::int64_t p = 0; p < images.window.height; ++p) {
      for (std::int64_t q = 0; q < images.window.width; ++q) {
        std::int64_t const at = images.position(o.row, o.column, p, q);
        if (at < 0) continue;
        sum += sample[at * images.channels];
        ++count;
      }
    }
    if (count_padding) count = images.window.height * images.window.width;
    y[i] = count > 0 ? static_cast<float>(sum / static_cast<double>(count)) : 0;
  }
};

struct AveragePoolBackward {
  Images images;
  bool count_padding;
  float const* dy;
  float* dx;
  bool add;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Images::Place const e = images.in_place(i);
    Images::Range const rows = images.rows_reaching(e.row), columns = images.columns_reaching(e.column);
    io::Window const& w = images.window;
    double sum = 0;
    for (std::int64_t row = rows.first; row < rows.end; ++row) {
      if (Images::element(e.row, w.top, row, w.stride_y, w.dilation_y) < 0) continue;
      for (std::int64_t column = columns.first; column < columns.end; ++column) {
        if (Images::element(e.column, w.left, column, w.stride_x, w.dilation_x) < 0) continue;
        std::int64_t const count = count_padding ? w.height * w.width : images.inside(row, column);
        std::int64_t const o =
            ((e.n * images.out_height + row) * images.out_width + column) * images.channels + e.channel;
        sum += dy[o] / static_cast<double>(count);
      }
    }
    write(dx + i, add, sum);
  }
};

/// Cross-correlation without bias; weights (height, width, channels / groups, units).
struct ConvolutionForward {
  Images images;
  std::int64_t groups;
  float const *x, *weights;
  float* y;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Images::Place const o = images.out_place(i);
    std::int64_t const channels = images.channels / groups;
    std::int64_t const group = o.channel / (images.units / groups);
    float const* const sample = x + o.n * images.height * images.width * images.channels + group * channels;
    double sum = 0;
    for (std::int64_t p = 0; p < images.window.height; ++p) {
      for (std::int64_t q = 0; q < images.window.width; ++q) {
        std::int64_t const at = images.position(o.row, o.column, p, q);
        if (at < 0) continue;
        float const* const w = weights + (p * images.window.width + q) * channels * images.units + o.channel;
        for (std::int64_t c = 0; c < channels; ++c)
          sum += double{sample[at * images.channels + c]} * w[c * images.units];
      }
    }
    y[i] = static_cast<float>(sum);
  }
};

struct ConvolutionBackward {
  Images images;
  std::int64_t groups;
  float const *dy, *weights;
  float* dx;
  bool add;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Images::Place const e = images.in_place(i);
    std::int64_t const channels = images.channels / groups, units = images.units / groups;
    std::int64_t const group = e.channel / channels;
    Images::Range const rows = images.rows_reaching(e.row), columns = images.columns_reaching(e.column);
    io::Window const& w = images.window;
    double sum = 0;
    for (std::int64_t row = rows.first; row < rows.end; ++row) {
      std::int64_t const p = Images::element(e.row, w.top, row, w.stride_y, w.dilation_y);
      if (p < 0) continue;
      for (std::int64_t column = columns.first; column < columns.end; ++column) {
        std::int64_t const q = Images::element(e.column, w.left, column, w.stride_x, w.dilation_x);
        if (q < 0) continue;
        std::int64_t const first = group * units;
        float const* const from = dy + ((e.n * images.out_height + row) * images.out_width + column) * images.units;
        float const* const weight = weights + ((p * w.width + q) * channels + e.channel % channels) * images.units;
        for (std::int64_t k = first; k < first + units; ++k) sum += double{from[k]} * weight[k];
      }
    }
    write(dx + i, add, sum);
  }
};

}  // namespace sonde::backend::kernels
