#include "backend/cuda/device_rows.hpp"

#include "backend/cuda/device_arrays.hpp"
#include "backend/cuda/device_queue.hpp"
#include "backend/cuda/kernels/draws.hpp"
#include "backend/cuda/kernels/launch.hpp"
#include "backend/cuda/kernels/row_ops.hpp"

namespace sonde::backend {
namespace {

template <class T>
std::int64_t length(std::vector<T> const& values) {
  return static_cast<std::int64_t>(values.size());
}

}  // namespace

using kernels::launch_live;
using kernels::launch_rows;

DeviceRowOps::MapOnDevice const& DeviceRowOps::on_device(DomainMap const& map) const {
  std::lock_guard const lock(mutex_);
  for (MapOnDevice const& known : maps_) {
    if (known.map.source == map.source && known.map.scale == map.scale && known.map.shift == map.shift) return known;
  }
  return maps_.emplace_back(MapOnDevice{map, Buffer<std::int32_t>(map.source, memory_),
                                        Buffer<float>(map.scale, memory_), Buffer<float>(map.shift, memory_)});
}

void DeviceRowOps::to_model(Queue& queue, LoopState const* state, float const* x, std::int64_t features,
                            DomainMap const& map, float* model_rows) const {
  MapOnDevice const& there = on_device(map);
  kernels::Channels const channels{length(map.source),  length(map.scale),  length(map.shift),
                                   there.source.data(), there.scale.data(), there.shift.data()};
  launch_live(queue, kernels::ToModel{{state, features}, channels, x, model_rows});
}

void DeviceRowOps::add_model_gradient(Queue& queue, LoopState const* state, float const* model_gradient,
                                      std::int64_t features, DomainMap const& map, bool first, float* g) const {
  MapOnDevice const& there = on_device(map);
  kernels::Channels const channels{length(map.source),  length(map.scale),  length(map.shift),
                                   there.source.data(), there.scale.data(), there.shift.data()};
  launch_live(queue, kernels::AddModelGradient{{state, features}, channels, model_gradient, first, g});
}

void DeviceRowOps::normalise_rms(Queue& queue, LoopState const* state, std::int64_t features, float* g) const {
  launch_rows(queue, features, kernels::NormaliseRms{{state, features}, g});
}

void DeviceRowOps::mean_fill(Queue& queue, LoopState const* state, std::int64_t features, float factor,
                             float* g) const {
  launch_rows(queue, features, kernels::MeanFill{{state, features}, factor, g});
}

void DeviceRowOps::mask(Queue& queue, LoopState const* state, std::int64_t features, float const* mask,
                        float* g) const {
  launch_live(queue, kernels::Mask{{state, features}, mask, g});
}

void DeviceRowOps::dark_patches(Queue& queue, LoopState const* state, Shape const& image, std::int64_t size,
                                std::int64_t count, std::int32_t const* positions, float* g) const {
  std::int64_t const features = volume(image);
  void* const dark = device_queue(queue).workspace(static_cast<std::size_t>(kernels::most_teams * count));
  launch_rows(queue, features,
              kernels::DarkPatches{
                  {state, features}, image[1], image[2], size, count, positions, static_cast<std::uint8_t*>(dark), g});
}

void DeviceRowOps::feature_rules(Queue& queue, LoopState const* state, std::int64_t features, FeatureRule const* rules,
                                 float zero, float one, float const* x, float* g) const {
  launch_live(queue, kernels::FeatureRules{{state, features}, rules, zero, one, x, g});
}

void DeviceRowOps::ascend(Queue& queue, LoopState const* state, std::int64_t features, float step,
                          FeatureRule const* rules, float const* g, float* x) const {
  launch_live(queue, kernels::Ascend{{state, features}, step, rules, g, x});
}

void DeviceRowOps::clip(Queue& queue, LoopState const* state, std::int64_t features, float const* low,
                        float const* high, float* x) const {
  launch_live(queue, kernels::Clip{{state, features}, low, high, x});
}

void DeviceRowOps::project(Queue& queue, LoopState const* state, std::int64_t features, float const* seed,
                           float max_linf, float max_l2, float* x) const {
  launch_rows(queue, features, kernels::Project{{state, features}, seed, max_linf, max_l2, x});
}

void DeviceRowOps::pick_units(Queue& queue, LoopState const* state, std::uint64_t run_seed, RowKey const* keys,
                              std::uint32_t model, UnitList const& candidates, float weight, UnitPick* picks) const {
  launch_live(queue, kernels::PickUnits{state, run_seed, keys, model, candidates, weight, picks});
}

void DeviceRowOps::draw_patches(Queue& queue, LoopState const* state, std::uint64_t run_seed, RowKey const* keys,
                                Shape const& image, std::int64_t size, std::int64_t count,
                                std::int32_t* positions) const {
  launch_live(queue,
              kernels::DrawPatches{state, run_seed, keys, image[0] - size + 1, image[1] - size + 1, count, positions});
}

void DeviceRowOps::gather(Queue& queue, LoopState const* state, std::int64_t features, std::int32_t const* places,
                          float const* from, float* to) const {
  launch_live(queue, kernels::Gather{{state, features}, places, from, to});
}

void DeviceRowOps::scatter(Queue& queue, LoopState const* state, std::int64_t features, std::int32_t const* places,
                           float const* from, float* to) const {
  launch_live(queue, kernels::Scatter{{state, features}, places, from, to});
}

}  // namespace sonde::backend
