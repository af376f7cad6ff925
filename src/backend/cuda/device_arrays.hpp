// Arrays of the host brought to the device when an op is planned.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "io/models/ops.hpp"
#include "tensor/buffer.hpp"

namespace sonde::backend {

/// Weights on a device, one copy for all plans of a model. Thread safe.
class WeightStore {
 public:
  using Array = std::shared_ptr<Buffer<float> const>;

  explicit WeightStore(device::Memory& memory) : memory_(memory) {}

  /// As they are; null for null.
  Array get(io::Weights const& weights);
  /// After `change`, which `form` names.
  Array get(io::Weights const& weights, std::string const& form,
            std::function<std::vector<float>(Tensor const&)> const& change);

 private:
  struct Entry {
    io::Weights weights;  // held, so that no others take their address
    Array array;
  };
  device::Memory& memory_;
  std::mutex mutex_;
  std::map<std::pair<Tensor const*, std::string>, Entry> entries_;
};

}  // namespace sonde::backend
