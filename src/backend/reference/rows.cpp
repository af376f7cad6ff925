// Row ops as plain loops: float data, sums in double and in one order.
#include "backend/rows.hpp"

#include <algorithm>
#include <cmath>

namespace sonde::backend {
namespace {

/// A per-channel vector, or one number for all channels.
template <class T>
T entry(std::vector<T> const& values, std::int64_t channel) {
  return values[values.size() == 1 ? 0 : static_cast<std::size_t>(channel)];
}

/// Calls visit(element, its source element, scale, shift) for every element of the model's rows.
template <class Visitor>
void for_each_channel(DomainMap const& map, std::int64_t count, Visitor&& visit) {
  auto const channels = static_cast<std::int64_t>(map.source.size());
  if (channels == 1) {  // a loop without steps, which the compiler turns into vectors
    float const scale = map.scale[0], shift = map.shift[0];
    for (std::int64_t at = 0; at < count; ++at) visit(at, at, scale, shift);
    return;
  }
  for (std::int64_t at = 0; at < count; at += channels) {
    for (std::int64_t c = 0; c < channels; ++c)
      visit(at + c, at + map.source[c], entry(map.scale, c), entry(map.shift, c));
  }
}

/// Sum of term(i) in eight interleaved chains, whose additions need not wait for each other.
template <class Term>
double chained_sum(std::int64_t count, Term&& term) {
  double part[8] = {};
  std::int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (std::int64_t j = 0; j < 8; ++j) part[j] += term(i + j);
  }
  for (; i < count; ++i) part[i % 8] += term(i);
  return ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
}

double sum(float const* row, std::int64_t count) {
  return chained_sum(count, [row](std::int64_t i) { return double{row[i]}; });
}

double squares(float const* row, std::int64_t count) {
  return chained_sum(count, [row](std::int64_t i) { return double{row[i]} * row[i]; });
}

/// One patch of an image: its first element, and the elements of each of its rows.
struct Patch {
  Patch(Shape const& image, std::int64_t size_, std::int32_t const* corner)
      : first((corner[0] * image[1] + corner[1]) * image[2]),
        step(image[1] * image[2]),
        size(size_),
        width(size_ * image[2]) {}
  std::int64_t first, step, size, width;

  bool negative(float const* g) const {
    double total = 0;
    for (std::int64_t i = 0; i < size; ++i) total += sum(g + first + i * step, width);
    return total < 0;
  }
  void fill(float value, float* g) const {
    for (std::int64_t i = 0; i < size; ++i) std::fill_n(g + first + i * step, width, value);
  }
};

}  // namespace

void RowOps::to_model(Queue&, LoopState const* state, float const* x, std::int64_t features, DomainMap const& map,
                      float* model_rows) const {
  for_each_channel(map, state->live * features, [&](std::int64_t at, std::int64_t source, float scale, float shift) {
    model_rows[at] = x[source] * scale + shift;
  });
}

void RowOps::add_model_gradient(Queue&, LoopState const* state, float const* model_gradient, std::int64_t features,
                                DomainMap const& map, bool first, float* g) const {
  if (first && map.source.size() == 1) {
    for (std::int64_t at = 0; at < state->live * features; ++at) g[at] = map.scale[0] * model_gradient[at];
    return;
  }
  if (first) std::fill_n(g, state->live * features, 0.0F);
  for_each_channel(map, state->live * features, [&](std::int64_t at, std::int64_t source, float scale, float) {
    g[source] += scale * model_gradient[at];
  });
}

void RowOps::normalise_rms(Queue&, LoopState const* state, std::int64_t features, float* g) const {
  for (float* row = g; row != g + state->live * features; row += features) {
    double const rms = std::sqrt(squares(row, features) / static_cast<double>(features));
    auto const factor = static_cast<float>(1 / (rms + 1e-5));
    for (std::int64_t i = 0; i < features; ++i) row[i] *= factor;
  }
}

void RowOps::mean_fill(Queue&, LoopState const* state, std::int64_t features, float factor, float* g) const {
  for (float* row = g; row != g + state->live * features; row += features) {
    double const mean = sum(row, features) / static_cast<double>(features);
    std::fill_n(row, features, static_cast<float>(factor * mean));
  }
}

void RowOps::mask(Queue&, LoopState const* state, std::int64_t features, float const* mask, float* g) const {
  for (float* row = g; row != g + state->live * features; row += features) {
    for (std::int64_t i = 0; i < features; ++i) row[i] *= mask[i];
  }
}

void RowOps::dark_patches(Queue&, LoopState const* state, Shape const& image, std::int64_t size, std::int64_t count,
                          std::int32_t const* positions, float* g) const {
  std::int64_t const features = volume(image);
  thread_local std::vector<char> negative;  // patches overlap: all are judged before one is written
  negative.resize(static_cast<std::size_t>(count));
  for (std::int64_t n = 0; n < state->live; ++n) {
    float* const row = g + n * features;
    auto const patch = [&](std::int64_t i) { return Patch(image, size, positions + (n * count + i) * 2); };
    for (std::int64_t i = 0; i < count; ++i) negative[i] = patch(i).negative(row);
    std::fill_n(row, features, 0.0F);
    for (std::int64_t i = 0; i < count; ++i) {
      if (negative[i]) patch(i).fill(-1, row);
    }
  }
}

void RowOps::feature_rules(Queue&, LoopState const* state, std::int64_t features, FeatureRule const* rules, float zero,
                           float one, float const* x, float* g) const {
  for (std::int64_t n = 0; n < state->live; ++n) {
    for (std::int64_t i = 0; i < features; ++i) {
      float& value = g[n * features + i];
      switch (rules[i]) {
        case FeatureRule::freeze:
          value = 0;
          break;
        case FeatureRule::increase:
          value = std::max(value, 0.0F);
          break;
        case FeatureRule::any:
          break;
        case FeatureRule::add_only:
          value = value > 0 && x[n * features + i] == zero ? one : 0.0F;
          break;
      }
    }
  }
}

void RowOps::ascend(Queue&, LoopState const* state, std::int64_t features, float step, FeatureRule const* rules,
                    float const* g, float* x) const {
  for (std::int64_t n = 0; n < state->live; ++n) {
    for (std::int64_t i = 0; i < features; ++i) {
      bool const unscaled = rules != nullptr && rules[i] == FeatureRule::add_only;
      x[n * features + i] += (unscaled ? 1 : step) * g[n * features + i];
    }
  }
}

void RowOps::clip(Queue&, LoopState const* state, std::int64_t features, float const* low, float const* high,
                  float* x) const {
  for (std::int64_t n = 0; n < state->live; ++n) {
    for (std::int64_t i = 0; i < features; ++i)
      x[n * features + i] = std::min(std::max(x[n * features + i], low[i]), high[i]);
  }
}

void RowOps::project(Queue&, LoopState const* state, std::int64_t features, float const* seed, float max_linf,
                     float max_l2, float* x) const {
  for (std::int64_t n = 0; n < state->live; ++n) {
    float* const row = x + n * features;
    float const* const origin = seed + n * features;
    if (max_linf > 0) {
      for (std::int64_t i = 0; i < features; ++i)
        row[i] = std::clamp(row[i], origin[i] - max_linf, origin[i] + max_linf);
    }
    double total = 0;
    for (std::int64_t i = 0; i < features; ++i) total += (double{row[i]} - origin[i]) * (double{row[i]} - origin[i]);
    if (max_l2 <= 0 || std::sqrt(total) <= max_l2) continue;
    double const factor = max_l2 / std::sqrt(total);
    for (std::int64_t i = 0; i < features; ++i)
      row[i] = static_cast<float>(origin[i] + factor * (double{row[i]} - origin[i]));
  }
}

void RowOps::gather(Queue&, LoopState const* state, std::int64_t features, std::int32_t const* places,
                    float const* from, float* to) const {
  for (std::int64_t n = 0; n < state->live; ++n) std::copy_n(from + places[n] * features, features, to + n * features);
}

void RowOps::scatter(Queue&, LoopState const* state, std::int64_t features, std::int32_t const* places,
                     float const* from, float* to) const {
  for (std::int64_t n = 0; n < state->live; ++n) {
    if (places[n] >= 0) std::copy_n(from + n * features, features, to + places[n] * features);
  }
}

}  // namespace sonde::backend
