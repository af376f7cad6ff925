// Kernels of RowOps: rows of `features`, as many as LoopState says. Sums in double.
#pragma once

#include <cmath>

#include "backend/cuda/kernels/index.hpp"
#include "backend/rows.hpp"

namespace sonde::backend::kernels {

/// The live rows' elements.
struct LiveElements {
  LoopState const* state;
  std::int64_t features;
  SONDE_HOST_DEVICE std::int64_t count() const { return state->live * features; }
};
/// The live rows.
struct LiveRows {
  LoopState const* state;
  std::int64_t features;
  SONDE_HOST_DEVICE std::int64_t count() const { return state->live; }
};

/// DomainMap on the device; scale and shift have one entry per channel or one.
struct Channels {
  std::int64_t count, scales, shifts;
  std::int32_t const* source;
  float const *scale, *shift;
  SONDE_HOST_DEVICE float scale_of(std::int64_t c) const { return scale[scales == 1 ? 0 : c]; }
  SONDE_HOST_DEVICE float shift_of(std::int64_t c) const { return shift[shifts == 1 ? 0 : c]; }
  /// Of element i: where it comes from. A map of one channel is one for every element.
  SONDE_HOST_DEVICE std::int64_t source_of(std::int64_t i, std::int64_t c) const {
    return count == 1 ? i : i - c + source[c];
  }
};

struct ToModel : LiveElements {
  Channels channels;
  float const* x;
  float* model_rows;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    std::int64_t const c = remainder(i, channels.count);
    model_rows[i] = x[channels.source_of(i, c)] * channels.scale_of(c) + channels.shift_of(c);
  }
};

/// By the element of g that receives: several channels of the model may come from one, and some channels of g from
/// none.
struct AddModelGradient : LiveElements {
  Channels channels;
  float const* model_gradient;
  bool first;
  float* g;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    float sum = first ? 0 : g[i];
    if (channels.count == 1) {
      sum += channels.scale[0] * model_gradient[i];
    } else {
      std::int64_t const own = remainder(i, channels.count);
      for (std::int64_t c = 0; c < channels.count; ++c) {
        if (channels.source[c] == own) sum += channels.scale_of(c) * model_gradient[i - own + c];
      }
    }
    g[i] = sum;
  }
};

struct NormaliseRms : LiveRows {
  float* g;
  template <class Team>
  SONDE_HOST_DEVICE void operator()(Team& team, std::int64_t n) const {
    float* const row = g + n * features;
    double part = 0;
    for (std::int64_t i = team.rank; i < features; i += team.size) part += double{row[i]} * row[i];
    double const rms = std::sqrt(team.sum(part) / static_cast<double>(features));
    auto const factor = static_cast<float>(1 / (rms + 1e-5));
    for (std::int64_t i = team.rank; i < features; i += team.size) row[i] *= factor;
  }
};

struct MeanFill : LiveRows {
  float factor;
  float* g;
  template <class Team>
  SONDE_HOST_DEVICE void operator()(Team& team, std::int64_t n) const {
    float* const row = g + n * features;
    double part = 0;
    for (std::int64_t i = team.rank; i < features; i += team.size) part += double{row[i]};
    double const mean = team.sum(part) / static_cast<double>(features);
    for (std::int64_t i = team.rank; i < features; i += team.size) row[i] = static_cast<float>(factor * mean);
  }
};

struct Mask : LiveElements {
  float const* mask;
  float* g;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const { g[i] *= mask[remainder(i, features)]; }
};

/// Patches overlap: all are judged before one is written. dark (most_teams, patches) is scratch.
struct DarkPatches : LiveRows {
  std::int64_t image_width, channels, size, patches;
  std::int32_t const* positions;
  std::uint8_t* dark;
  float* g;

  template <class Team>
  SONDE_HOST_DEVICE void operator()(Team& team, std::int64_t n) const {
    float* const row = g + n * features;
    std::uint8_t* const flags = dark + team.index * patches;
    std::int64_t const width = size * channels, elements = size * width;
    for (std::int64_t patch = 0; patch < patches; ++patch) {
      float const* const corner = row + first(n, patch);
      double part = 0;
      for (std::int64_t i = team.rank; i < elements; i += team.size) part += double{corner[offset(i, width)]};
      double const total = team.sum(part);
      if (team.rank == 0) flags[patch] = total < 0 ? 1 : 0;
    }
    team.wait();
    for (std::int64_t i = team.rank; i < features; i += team.size) row[i] = 0;
    team.wait();
    for (std::int64_t patch = 0; patch < patches; ++patch) {
      if (flags[patch] == 0) continue;
      float* const corner = row + first(n, patch);
      for (std::int64_t i = team.rank; i < elements; i += team.size) corner[offset(i, width)] = -1;
    }
  }

 private:
  SONDE_HOST_DEVICE std::int64_t first(std::int64_t n, std::int64_t patch) const {
    std::int32_t const* const corner = positions + (n * patches + patch) * 2;
    return (corner[0] * image_width + corner[1]) * channels;
  }
  SONDE_HOST_DEVICE std::int64_t offset(std::int64_t i, std::int64_t width) const {
    Split const at = split(i, width);
    return at.quotient * image_width * channels + at.remainder;
  }
};

struct FeatureRules : LiveElements {
  FeatureRule const* rules;
  float zero, one;
  float const* x;
  float* g;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    switch (rules[remainder(i, features)]) {
      case FeatureRule::freeze:
        g[i] = 0;
        break;
      case FeatureRule::increase:
        g[i] = larger(g[i], 0.0F);
        break;
      case FeatureRule::any:
        break;
      case FeatureRule::add_only:
        g[i] = g[i] > 0 && x[i] == zero ? one : 0.0F;
        break;
    }
  }
};

struct Ascend : LiveElements {
  float step;
  FeatureRule const* rules;
  float const* g;
  float* x;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    bool const unscaled = rules != nullptr && rules[remainder(i, features)] == FeatureRule::add_only;
    x[i] += (unscaled ? 1 : step) * g[i];
  }
};

struct Clip : LiveElements {
  float const *low, *high;
  float* x;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    std::int64_t const f = remainder(i, features);
    x[i] = smaller(larger(x[i], low[f]), high[f]);
  }
};

struct Project : LiveRows {
  float const* seed;
  float max_linf, max_l2;
  float* x;
  template <class Team>
  SONDE_HOST_DEVICE void operator()(Team& team, std::int64_t n) const {
    float* const row = x + n * features;
    float const* const origin = seed + n * features;
    double part = 0;
    for (std::int64_t i = team.rank; i < features; i += team.size) {
      if (max_linf > 0) row[i] = smaller(larger(row[i], origin[i] - max_linf), origin[i] + max_linf);
      part += (double{row[i]} - origin[i]) * (double{row[i]} - origin[i]);
    }
    double const length = std::sqrt(team.sum(part));
    if (max_l2 <= 0 || length <= max_l2) return;
    double const factor = max_l2 / length;
    for (std::int64_t i = team.rank; i < features; i += team.size)
      row[i] = static_cast<float>(origin[i] + factor * (double{row[i]} - origin[i]));
  }
};

struct Gather : LiveElements {
  std::int32_t const* places;
  float const* from;
  float* to;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Split const at = split(i, features);
    to[i] = from[places[at.quotient] * features + at.remainder];
  }
};

struct Scatter : LiveElements {
  std::int32_t const* places;
  float const* from;
  float* to;
  SONDE_HOST_DEVICE void operator()(std::int64_t i) const {
    Split const at = split(i, features);
    std::int32_t const place = places[at.quotient];
    if (place >= 0) to[place * features + at.remainder] = from[i];
  }
};

}  // namespace sonde::backend::kernels
