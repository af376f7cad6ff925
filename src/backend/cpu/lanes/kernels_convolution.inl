// Direct convolution in register tiles of P pixels x O channels x 16 lanes.

namespace sonde::backend::lanes {
namespace {

/// What a tile reads: rows of columns of runs of contiguous elements. Offsets in floats.
struct Reads {
  int64_t rows, columns, run;
  int64_t row_step, column_step, pixel_step;  // of x
  int64_t weight_row_step, weight_column_step;
};

struct Writes {
  int64_t pixel_step;
  float const* bias;  // of the tile's first channel, or null
  bool relu, accumulate;
};

/// Each of the P * O * kParts accumulators is one chain of multiply-adds in a register.
template <int P, int O>
inline void accumulate(Reads const& r, float const* x, float const* w, Vector (&sum)[P][O][kParts]) {
  for (int64_t row = 0; row < r.rows; ++row) {
    for (int64_t column = 0; column < r.columns; ++column) {
      float const* ws = w + row * r.weight_row_step + column * r.weight_column_step;
      float const* xs[P];
#pragma GCC unroll 16
      for (int p = 0; p < P; ++p) {
        xs[p] = x + row * r.row_step + column * r.column_step + p * r.pixel_step;
        asm("" : "+r"(xs[p]));  // one address register per pixel: otherwise there is one per load, more than there are
      }
      for (int64_t i = 0; i < r.run; ++i, ws += O) {
#pragma GCC unroll 16
        for (int p = 0; p < P; ++p) {
#pragma GCC unroll 16
          for (int o = 0; o < O; ++o) {
#pragma GCC unroll 4
            for (int v = 0; v < kParts; ++v) sum[p][o][v] += load(xs[p] + i * kLanes + v * kVector) * ws[o];
          }
        }
      }
    }
  }
}

template <int P, int O>
void tile(Reads const& r, Writes const& to, float const* x, float const* w, float* y) {
  for (int pass = 0; pass < kLanes; pass += kPass) {
    Vector sum[P][O][kParts];
#pragma GCC unroll 16
    for (int p = 0; p < P; ++p) {
#pragma GCC unroll 16
      for (int o = 0; o < O; ++o) {
#pragma GCC unroll 4
        for (int v = 0; v < kParts; ++v) sum[p][o][v] = Vector{} + (to.bias ? to.bias[o] : 0.0F);
      }
    }
    accumulate<P, O>(r, x + pass, w, sum);
#pragma GCC unroll 16
    for (int p = 0; p < P; ++p) {
#pragma GCC unroll 16
      for (int o = 0; o < O; ++o) {
#pragma GCC unroll 4
        for (int v = 0; v < kParts; ++v) {
          float* const target = y + p * to.pixel_step + o * kLanes + pass + v * kVector;
          Vector value = sum[p][o][v];
          if (to.relu) value = value > 0.0F ? value : Vector{};
          if (to.accumulate) value += load(target);
          store(target, value);
        }
      }
    }
  }
}

using Tile = void (*)(Reads const&, Writes const&, float const*, float const*, float*);
constexpr int kMaxPixels = 8;

/// Pixels of a tile of O channels: as many as leave registers for the operands.
constexpr int tile_pixels(int channels) {
  int const pixels = (SONDE_LANES_ACCUMULATORS / kParts) / channels;
  return pixels < 1 ? 1 : (pixels < kMaxPixels ? pixels : kMaxPixels);
}

template <int P, int O>
constexpr Tile tile_if() {
  if constexpr (P <= tile_pixels(O)) {
    return tile<P, O>;
  } else {
    return nullptr;
  }
}

#define SONDE_TILES(O)                                                                                             \
  {                                                                                                                \
    nullptr, tile_if<1, O>(), tile_if<2, O>(), tile_if<3, O>(), tile_if<4, O>(), tile_if<5, O>(), tile_if<6, O>(), \
        tile_if<7, O>(), tile_if<8, O>()                                                                           \
  }
constexpr Tile kTiles[kMaxTileChannels + 1][kMaxPixels + 1] = {
    {}, SONDE_TILES(1), SONDE_TILES(2), SONDE_TILES(3), SONDE_TILES(4), SONDE_TILES(5), SONDE_TILES(6)};
#undef SONDE_TILES

/// Columns `to` of one row of the output for one channel tile; `rows` are the taps of that row inside the image.
void convolve_row(Convolution const& c, ChannelTile const& t, int64_t row, Range rows, Range to, float const* x,
                  float* y) {
  bool const contiguous = c.x.dilation == 1 && c.group_inputs == c.inputs;
  int64_t const pixel = c.inputs * kLanes;
  int64_t const tap_weights = c.group_inputs * t.channels;
  Reads r{};
  r.row_step = c.y.dilation * c.x.input * pixel;
  r.column_step = c.x.dilation * pixel;
  r.pixel_step = c.x.stride * pixel;
  r.weight_row_step = c.x.taps * tap_weights;
  r.weight_column_step = tap_weights;
  Writes const writes{c.x.step * c.outputs * kLanes, c.bias ? c.bias + t.first_output : nullptr, c.relu, c.accumulate};

  int64_t const first_row = c.y.first + row * c.y.stride + rows.begin * c.y.dilation;
  float const* const x_row = x + first_row * c.x.input * pixel + t.first_input * kLanes;
  float const* const w_row = c.weights + t.weights + rows.begin * r.weight_row_step;
  float* const y_row =
      y + ((c.y.origin + row * c.y.step) * c.output_width + c.x.origin) * c.outputs * kLanes + t.first_output * kLanes;

  int64_t const widest = tile_pixels(static_cast<int>(t.channels));
  int64_t const count = to.end - to.begin;
  int64_t const pieces = widest == 1 ? count : (count + widest - 1) / widest;  // of about equal width
  int64_t const width = widest == 1 ? 1 : count / pieces;
  int64_t const wider = count - pieces * width;  // pieces with one pixel more
  int64_t begin = to.begin;
  for (int64_t piece = 0; piece < pieces; ++piece) {
    int64_t const pixels = width + (piece < wider ? 1 : 0);
    int64_t const first_column = c.x.first + begin * c.x.stride;
    Range const columns = inside(first_column, c.x.dilation, c.x.taps, c.x.input);
    int64_t const taps = columns.end - columns.begin;
    r.rows = taps > 0 ? rows.end - rows.begin : 0;
    r.columns = contiguous ? 1 : taps;
    r.run = contiguous ? taps * c.inputs : c.group_inputs;
    kTiles[t.channels][pixels](r, writes, x_row + (first_column + columns.begin * c.x.dilation) * pixel,
                               w_row + columns.begin * tap_weights, y_row + begin * writes.pixel_step);
    begin += pixels;
  }
}

/// Columns of the output whose inputs, over all rows of taps, fit the first-level cache: these are worked on from top
/// to bottom, so that each row of the input is fetched once. All columns, when that is not worth it.
int64_t strip_columns(Convolution const& c) {
  constexpr int64_t cache = 24 * 1024;
  int64_t const column = c.inputs * kLanes * static_cast<int64_t>(sizeof(float)) * c.y.taps;
  int64_t const reach = (c.x.taps - 1) * c.x.dilation + 1;
  if (column * c.x.input <= cache) return c.x.count;
  int64_t const columns = (cache / column - reach) / c.x.stride + 1;
  int64_t const pixels = tile_pixels(static_cast<int>(c.tiles[0].channels));
  return columns < pixels || columns < 2 ? c.x.count : columns / pixels * pixels;
}

void convolve(Convolution const& c, float const* x, float* y) {
  int64_t const strip = strip_columns(c);
  for (int64_t begin = 0; begin < c.x.count; begin += strip) {
    Range const columns{begin, begin + strip < c.x.count ? begin + strip : c.x.count};
    for (int64_t row = 0; row < c.y.count; ++row) {
      Range const rows = inside(c.y.first + row * c.y.stride, c.y.dilation, c.y.taps, c.y.input);
      for (int64_t i = 0; i < c.tile_count; ++i) convolve_row(c, c.tiles[i], row, rows, columns, x, y);
    }
  }
}

void copy_rows(float const* from, float const* positive, int64_t rows, int64_t length, int64_t left, int64_t right,
               float* to) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t i = 0; i < left * kLanes; i += kVector) store(to + i, Vector{});
    to += left * kLanes;
    for (int64_t i = 0; i < length * kLanes; i += kVector) {
      Vector value = load(from + i);
      if (positive) value = load(positive + i) > 0.0F ? value : Vector{};
      store(to + i, value);
    }
    from += length * kLanes;
    if (positive) positive += length * kLanes;
    to += length * kLanes;
    for (int64_t i = 0; i < right * kLanes; i += kVector) store(to + i, Vector{});
    to += right * kLanes;
  }
}

}  // namespace
}  // namespace sonde::backend::lanes
