#include "backend/cuda/device_arrays.hpp"

namespace sonde::backend {

WeightStore::Array WeightStore::get(io::Weights const& weights) {
  return get(weights, "", [](Tensor const& tensor) {
    return std::vector<float>(tensor.data.span().begin(), tensor.data.span().end());
  });
}

WeightStore::Array WeightStore::get(io::Weights const& weights, std::string const& form,
                                    std::function<std::vector<float>(Tensor const&)> const& change) {
  if (!weights) return nullptr;
  std::lock_guard const lock(mutex_);
  Entry& entry = entries_[{weights.get(), form}];
  if (!entry.array) entry = {weights, std::make_shared<Buffer<float> const>(change(*weights), memory_)};
  return entry.array;
}

}  // namespace sonde::backend
