// Copies between images as everyone sees them, (N, pixels, C), and the library's own layouts, with what a gradient
// needs on the way.
#pragma once

#include <algorithm>
#include <type_traits>

#include "backend/functors/functions.hpp"
#include "backend/operator.hpp"

namespace sonde::backend::onednn {

/// Channels in blocks: element (n, pixel, c) lies at ((n blocks + c / block) pixels + pixel) block + c % block.
/// One block of all channels is the row-major order; a last block that is not full is padded.
struct Blocked {
  std::int64_t batch = 0, pixels = 0, channels = 0;
  std::int64_t block = 0;

  std::int64_t blocks() const { return (channels + block - 1) / block; }
  bool row_major() const { return block == channels; }
  std::size_t size() const { return static_cast<std::size_t>(batch * blocks() * pixels * block); }
};

/// Whether f'(x) = f'(f(x)), so that the gradient needs no value from before the activation.
inline bool derivative_from_output(io::Activation const& a) {
  return a.function == io::Function::identity || a.function == io::Function::relu ||
         a.function == io::Function::relu_capped || (a.function == io::Function::leaky_relu && a.alpha >= 0);
}

namespace detail {

/// Calls visit(first element in row-major order, first element in the layout, elements) for every run of channels.
template <class Visitor>
void for_each_run(Blocked const& layout, Visitor&& visit) {
  std::int64_t const blocks = layout.blocks();
  for (std::int64_t n = 0; n < layout.batch; ++n) {
    for (std::int64_t pixel = 0; pixel < layout.pixels; ++pixel) {
      for (std::int64_t b = 0; b < blocks; ++b) {
        visit((n * layout.pixels + pixel) * layout.channels + b * layout.block,
              ((n * blocks + b) * layout.pixels + pixel) * layout.block,
              std::min(layout.block, layout.channels - b * layout.block));
      }
    }
  }
}

/// The same with the number of elements known to the compiler where it can be: short loops are slow otherwise.
template <class Visitor>
void for_each_fast_run(Blocked const& layout, Visitor&& visit) {
  if (layout.channels % layout.block == 0 && layout.block == 8) {
    for_each_run(layout, [&](auto from, auto to, auto) { visit(from, to, std::integral_constant<std::int64_t, 8>{}); });
  } else if (layout.channels % layout.block == 0 && layout.block == 16) {
    for_each_run(layout,
                 [&](auto from, auto to, auto) { visit(from, to, std::integral_constant<std::int64_t, 16>{}); });
  } else if (layout.row_major()) {
    visit(std::int64_t{0}, std::int64_t{0}, layout.batch * layout.pixels * layout.channels);
  } else {
    for_each_run(layout, visit);
  }
}

}  // namespace detail

/// dz (in `layout`) = f'(y) dy; y and dy are row-major. f is one that derivative_from_output() accepts.
inline void activation_gradient(io::Activation const& f, Blocked const& layout, float const* y, float const* dy,
                                float* dz) {
  if (layout.channels % layout.block != 0) std::fill_n(dz, layout.size(), 0.0F);
  functors::with_function(f, [&](auto function) {
    detail::for_each_fast_run(layout, [&](std::int64_t from, std::int64_t to, auto count) {
      for (std::int64_t i = 0; i < count; ++i) dz[to + i] = function.derivative(y[from + i]) * dy[from + i];
    });
  });
}

/// tensor (in `layout`) = rows (row-major).
inline void from_rows(Blocked const& layout, float const* rows, float* tensor) {
  if (layout.channels % layout.block != 0) std::fill_n(tensor, layout.size(), 0.0F);
  detail::for_each_fast_run(layout, [&](std::int64_t from, std::int64_t to, auto count) {
    for (std::int64_t i = 0; i < count; ++i) tensor[to + i] = rows[from + i];
  });
}

/// rows (row-major) = or += tensor (in `layout`), by mode.
inline void to_rows(Blocked const& layout, float const* tensor, GradientMode mode, float* rows) {
  detail::for_each_fast_run(layout, [&](std::int64_t to, std::int64_t from, auto count) {
    if (mode == GradientMode::overwrite) {
      for (std::int64_t i = 0; i < count; ++i) rows[to + i] = tensor[from + i];
    } else {
      for (std::int64_t i = 0; i < count; ++i) rows[to + i] += tensor[from + i];
    }
  });
}

}  // namespace sonde::backend::onednn
