// Ops on rows: inputs and their gradients in the ascent's own units, (N, F) row-major, F the volume of a sample.
//
// Part of the backend seam: the CPU runs plain loops, since a row op costs under 1 % of a model's passes; a device
// backend overrides them. All pointers are into the backend's memory. What changes from one iteration to the next is
// read from there, so that a Step can be replayed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backend/backend.hpp"

namespace sonde::backend {

/// x in units of the stored range -> a model's input: y[p, c] = x[p, source[c]] * scale[c] + shift[c], p over
/// positions, c over channels. All vectors have one entry per channel (image) or one entry (any sample).
struct DomainMap {
  std::vector<std::int32_t> source;
  std::vector<float> scale, shift;
};

/// What changes from iteration to iteration, read by recorded ops.
struct LoopState {
  std::int32_t live = 0;  // rows in use
};

/// What a row's random draws are keyed by, beside the run's seed and the purpose: never where the row stands.
struct RowKey {
  std::int64_t seed = 0;  // index in the data set
  std::uint32_t pass = 0;
  std::uint32_t iteration = 0;
};

/// (layer, unit) pairs a neuron is picked from: `count[0]` of them.
struct UnitList {
  std::int32_t const* layers = nullptr;
  std::int32_t const* units = nullptr;
  std::int32_t const* count = nullptr;
};

/// What may be done to one feature of a row (PDF, Drebin and tabular domains).
enum class FeatureRule : std::uint8_t {
  freeze,    // never changed
  increase,  // only upwards
  any,       // both ways
  add_only   // 0 -> 1 where the gradient is positive, never back; not scaled by the step
};

class RowOps {
 public:
  virtual ~RowOps() = default;

  /// model_rows (live, F) = map(x)
  virtual void to_model(Queue& queue, LoopState const* state, float const* x, std::int64_t features,
                        DomainMap const& map, float* model_rows) const;
  /// g[.., source[c]] += scale[c] * model_gradient[.., c]; g = that when `first`.
  virtual void add_model_gradient(Queue& queue, LoopState const* state, float const* model_gradient,
                                  std::int64_t features, DomainMap const& map, bool first, float* g) const;
  /// g / (sqrt(mean(g^2)) + 1e-5) per row: DeepXplore's normalisation (its comment says L2, its code takes the root
  /// mean square).
  virtual void normalise_rms(Queue& queue, LoopState const* state, std::int64_t features, float* g) const;

  // domain constraints on the gradient
  /// g = factor * mean(g), per row ("light").
  virtual void mean_fill(Queue& queue, LoopState const* state, std::int64_t features, float factor, float* g) const;
  /// g *= mask, mask (F) of 0 and 1 ("occlusion", frozen features).
  virtual void mask(Queue& queue, LoopState const* state, std::int64_t features, float const* mask, float* g) const;
  /// Per row, for each of its `count` square patches (top-left corners in positions (live, count, 2)) over an image
  /// (height, width, channels): where the patch's mean gradient is negative g = -1 on it; 0 elsewhere ("blackout").
  virtual void dark_patches(Queue& queue, LoopState const* state, Shape const& image, std::int64_t size,
                            std::int64_t count, std::int32_t const* positions, float* g) const;
  /// g by FeatureRule, rules (F); looks at x for add_only: g = one where g > 0 and x == zero, else 0. `zero` is the
  /// stored value 0 in units of the range, `one` the stored step from 0 to 1.
  virtual void feature_rules(Queue& queue, LoopState const* state, std::int64_t features, FeatureRule const* rules,
                             float zero, float one, float const* x, float* g) const;

  // the step
  /// x += step * g, except that features of add_only (rules may be null) move by g itself.
  virtual void ascend(Queue& queue, LoopState const* state, std::int64_t features, float step, FeatureRule const* rules,
                      float const* g, float* x) const;
  /// x = min(max(x, low), high); bounds (F).
  virtual void clip(Queue& queue, LoopState const* state, std::int64_t features, float const* low, float const* high,
                    float* x) const;
  /// Projects x onto the balls around seed: |x - seed| <= max_linf per element, then the L2 norm of the change is
  /// scaled down to max_l2. A bound of 0 is none.
  virtual void project(Queue& queue, LoopState const* state, std::int64_t features, float const* seed, float max_linf,
                       float max_l2, float* x) const;

  // random draws, keyed by (run seed, pass, seed index, iteration, purpose, model)
  /// picks[i] = a uniformly drawn entry of `candidates` with `weight`, for model `model`; none when the list is empty.
  /// keys (live).
  virtual void pick_units(Queue& queue, LoopState const* state, std::uint64_t run_seed, RowKey const* keys,
                          std::uint32_t model, UnitList const& candidates, float weight, UnitPick* picks) const;
  /// positions (live, count, 2): top-left corners uniform over all places where a patch of `size` fits.
  virtual void draw_patches(Queue& queue, LoopState const* state, std::uint64_t run_seed, RowKey const* keys,
                            Shape const& image, std::int64_t size, std::int64_t count, std::int32_t* positions) const;

  // rows that wait elsewhere
  /// to[n] = from[places[n]]; places (live).
  virtual void gather(Queue& queue, LoopState const* state, std::int64_t features, std::int32_t const* places,
                      float const* from, float* to) const;
  /// to[places[n]] = from[n], where places[n] is not negative; no place twice.
  virtual void scatter(Queue& queue, LoopState const* state, std::int64_t features, std::int32_t const* places,
                       float const* from, float* to) const;
};

}  // namespace sonde::backend
