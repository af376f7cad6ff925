// Row ops as kernels.
#pragma once

#include <list>
#include <mutex>

#include "backend/rows.hpp"
#include "tensor/buffer.hpp"

namespace sonde::backend {

class DeviceRowOps final : public RowOps {
 public:
  explicit DeviceRowOps(device::Memory& memory) : memory_(memory) {}

  void to_model(Queue& queue, LoopState const* state, float const* x, std::int64_t features, DomainMap const& map,
                float* model_rows) const override;
  void add_model_gradient(Queue& queue, LoopState const* state, float const* model_gradient, std::int64_t features,
                          DomainMap const& map, bool first, float* g) const override;
  void normalise_rms(Queue& queue, LoopState const* state, std::int64_t features, float* g) const override;
  void mean_fill(Queue& queue, LoopState const* state, std::int64_t features, float factor, float* g) const override;
  void mask(Queue& queue, LoopState const* state, std::int64_t features, float const* mask, float* g) const override;
  void dark_patches(Queue& queue, LoopState const* state, Shape const& image, std::int64_t size, std::int64_t count,
                    std::int32_t const* positions, float* g) const override;
  void feature_rules(Queue& queue, LoopState const* state, std::int64_t features, FeatureRule const* rules, float zero,
                     float one, float const* x, float* g) const override;
  void ascend(Queue& queue, LoopState const* state, std::int64_t features, float step, FeatureRule const* rules,
              float const* g, float* x) const override;
  void clip(Queue& queue, LoopState const* state, std::int64_t features, float const* low, float const* high,
            float* x) const override;
  void project(Queue& queue, LoopState const* state, std::int64_t features, float const* seed, float max_linf,
               float max_l2, float* x) const override;
  void pick_units(Queue& queue, LoopState const* state, std::uint64_t run_seed, RowKey const* keys, std::uint32_t model,
                  UnitList const& candidates, float weight, UnitPick* picks) const override;
  void draw_patches(Queue& queue, LoopState const* state, std::uint64_t run_seed, RowKey const* keys,
                    Shape const& image, std::int64_t size, std::int64_t count, std::int32_t* positions) const override;
  void gather(Queue& queue, LoopState const* state, std::int64_t features, std::int32_t const* places,
              float const* from, float* to) const override;
  void scatter(Queue& queue, LoopState const* state, std::int64_t features, std::int32_t const* places,
               float const* from, float* to) const override;

 private:
  /// A map and its copy on the device, made when it is first met, which is never in a recorded step.
  struct MapOnDevice {
    DomainMap map;
    Buffer<std::int32_t> source;
    Buffer<float> scale, shift;
  };
  MapOnDevice const& on_device(DomainMap const& map) const;

  device::Memory& memory_;
  mutable std::mutex mutex_;
  mutable std::list<MapOnDevice> maps_;  // stays where it is: recorded steps point to the arrays
};

}  // namespace sonde::backend
