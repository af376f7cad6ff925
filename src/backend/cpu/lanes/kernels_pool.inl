// Max pooling and its gradient.

namespace sonde::backend::lanes {
namespace {

struct PoolWindow {
  int64_t rows, columns;
  int64_t row_step, column_step;  // floats
};

inline __attribute__((always_inline)) void max_window(PoolWindow const w, int64_t channels, float const* x, float* y) {
  for (int64_t i = 0; i < channels * kLanes; i += kVector) {
    Vector best = Vector{} - __builtin_inff();  // what a window in the padding gives
    for (int64_t r = 0; r < w.rows; ++r) {
      for (int64_t c = 0; c < w.columns; ++c) {
        Vector const value = load(x + i + r * w.row_step + c * w.column_step);
        best = value > best ? value : best;
      }
    }
    store(y + i, best);
  }
}

template <bool kAssign>
inline __attribute__((always_inline)) void max_window_backward(PoolWindow const w, int64_t channels, float const* x,
                                                               float const* y, float const* dy, float* dx) {
  for (int64_t i = 0; i < channels * kLanes; i += kVector) {
    Vector const best = load(y + i);
    Vector left = load(dy + i);  // the gradient, until it has been given away
    for (int64_t r = 0; r < w.rows; ++r) {
      for (int64_t c = 0; c < w.columns; ++c) {
        int64_t const at = i + r * w.row_step + c * w.column_step;
        Mask const hit = load(x + at) == best;
        Vector const share = hit ? left : Vector{};
        left = hit ? Vector{} : left;
        store(dx + at, kAssign ? share : load(dx + at) + share);
      }
    }
  }
}

/// Calls visit(window, offset of the window's first element in x, offset of the output) for every window, cut to the
/// image.
template <class Visit>
inline __attribute__((always_inline)) void for_windows(Pooling const& p, Visit const& visit) {
  int64_t const pixel = p.channels * kLanes;
  for (int64_t row = 0; row < p.y.count; ++row) {
    int64_t const first_row = p.y.first + row * p.y.stride;
    Range const rows = inside(first_row, p.y.dilation, p.y.taps, p.y.input);
    for (int64_t column = 0; column < p.x.count; ++column) {
      int64_t const first_column = p.x.first + column * p.x.stride;
      Range const columns = inside(first_column, p.x.dilation, p.x.taps, p.x.input);
      PoolWindow const window{rows.end - rows.begin, columns.end - columns.begin, p.y.dilation * p.x.input * pixel,
                              p.x.dilation * pixel};
      int64_t const top = first_row + rows.begin * p.y.dilation;
      int64_t const left = first_column + columns.begin * p.x.dilation;
      visit(window, (top * p.x.input + left) * pixel, (row * p.x.count + column) * pixel);
    }
  }
}

void max_pool(Pooling const& p, float const* x, float* y) {
  for_windows(p, [&](PoolWindow const& w, int64_t from, int64_t to) {
    if (w.rows == 2 && w.columns == 2) {
      max_window({2, 2, w.row_step, w.column_step}, p.channels, x + from, y + to);
    } else {
      max_window(w, p.channels, x + from, y + to);
    }
  });
}

void max_pool_backward(Pooling const& p, float const* x, float const* y, float const* dy, bool overwrite, float* dx) {
  for_windows(p, [&](PoolWindow const& w, int64_t at, int64_t out) {
    if (!(p.tiles && overwrite)) {
      max_window_backward<false>(w, p.channels, x + at, y + out, dy + out, dx + at);
    } else if (w.rows == 2 && w.columns == 2) {
      max_window_backward<true>({2, 2, w.row_step, w.column_step}, p.channels, x + at, y + out, dy + out, dx + at);
    } else {
      max_window_backward<true>(w, p.channels, x + at, y + out, dy + out, dx + at);
    }
  });
}

}  // namespace
}  // namespace sonde::backend::lanes
