#include "backend/cpu/onednn/convolution_gradient.hpp"
#include "backend/cpu/onednn/layout.hpp"
#include "backend/cpu/onednn/matmul.hpp"

namespace sonde::backend::onednn {
namespace {

/// Output rows worked on at once: as many as divide `rows` and keep the windows in the second-level cache.
std::int64_t band_rows(std::int64_t rows, std::int64_t row_floats) {
  constexpr std::int64_t cache_floats = 64 * 1024;
  std::int64_t band = std::clamp<std::int64_t>(cache_floats / row_floats, 1, rows);
  while (rows % band != 0) --band;
  return band;
}

class WindowGradient : public ConvolutionGradient {
 public:
  WindowGradient(Library& library, ConvolutionPlan const& plan, ScratchPlan& scratch)
      : f_(plan.f), window_(plan.op.window), in_(plan.in), out_(plan.out), batch_(plan.batch) {
    std::int64_t const window = window_.height * window_.width * in_[2];
    band_ = band_rows(out_[0], out_[1] * window);
    std::int64_t const pixels = band_ * out_[1];
    product_ = make_matmul(library, {pixels, window, out_[2], true}, plan.op.weights, nullptr, {}, scratch);
    dz_at_ = scratch.add(static_cast<std::size_t>(pixels * out_[2]) * sizeof(float));
    windows_at_ = scratch.add(static_cast<std::size_t>(pixels * window) * sizeof(float));
  }

  void run(LibraryQueue& queue, float const* y, float const* dy, GradientMode mode, float* dx) override {
    std::int64_t const pixels = band_ * out_[1], size = pixels * out_[2];
    auto* const dz = reinterpret_cast<float*>(queue.scratch() + dz_at_);
    auto* const windows = reinterpret_cast<float*>(queue.scratch() + windows_at_);
    bool const linear = f_.function == io::Function::identity;
    if (mode == GradientMode::overwrite) std::fill_n(dx, batch_ * volume(in_), 0.0F);
    for (std::int64_t band = 0; band < batch_ * out_[0] / band_; ++band) {
      if (!linear) activation_gradient(f_, {1, pixels, out_[2], out_[2]}, y + band * size, dy + band * size, dz);
      product_.set(DNNL_ARG_SRC, linear ? dy + band * size : dz);
      product_.set(DNNL_ARG_DST, windows);
      product_.run(queue);
      std::int64_t const n = band * band_ / out_[0];
      add_windows(windows, band * band_ % out_[0], dx + n * volume(in_));
    }
  }

 private:
  /// dx += windows (rows of the band from `first` on, W', window height, window width, C), each at its place; what lies
  /// in the padding is dropped. Windows that overlap are not added one right after the other: each would wait for the
  /// last one's stores.
  void add_windows(float const* windows, std::int64_t first, float* dx) const {
    std::int64_t const row_size = window_.width * in_[2];
    std::int64_t const apart = (window_.width - 1) / window_.stride_x + 1;
    for (std::int64_t i = 0; i < band_; ++i) {
      for (std::int64_t p = 0; p < window_.height; ++p) {
        std::int64_t const row = (first + i) * window_.stride_y + p * window_.dilation_y - window_.top;
        if (row < 0 || row >= in_[0]) continue;
        for (std::int64_t start = 0; start < apart; ++start) {
          for (std::int64_t j = start; j < out_[1]; j += apart) {
            add_window_row(windows + ((i * out_[1] + j) * window_.height + p) * row_size,
                           j * window_.stride_x - window_.left, dx + row * in_[1] * in_[2]);
          }
        }
      }
    }
  }

  /// One row of a window, whose first element belongs to column `first` of the image row dx.
  void add_window_row(float const* from, std::int64_t first, float* dx) const {
    std::int64_t const channels = in_[2], count = window_.width * channels;
    bool const inside = first >= 0 && first + window_.width <= in_[1];
    if (window_.dilation_x == 1 && inside) {
      float* const to = dx + first * channels;
      if (count == 9) {  // 3 x 3 of a colour image: a loop of known length is twice as fast
        for (int i = 0; i < 9; ++i) to[i] += from[i];
      } else {
        for (std::int64_t i = 0; i < count; ++i) to[i] += from[i];
      }
      return;
    }
    for (std::int64_t q = 0; q < window_.width; ++q) {
      std::int64_t const column = first + q * window_.dilation_x;
      if (column < 0 || column >= in_[1]) continue;
      for (std::int64_t c = 0; c < channels; ++c) dx[column * channels + c] += from[q * channels + c];
    }
  }

  io::Activation f_;
  io::Window window_;
  Shape in_, out_;
  std::int64_t batch_, band_ = 1;
  Call product_;
  std::size_t dz_at_ = 0, windows_at_ = 0;
};

}  // namespace

std::unique_ptr<ConvolutionGradient> make_window_gradient(Library& library, ConvolutionPlan const& plan,
                                                          ScratchPlan& scratch) {
  return std::make_unique<WindowGradient>(library, plan, scratch);
}

}  // namespace sonde::backend::onednn
