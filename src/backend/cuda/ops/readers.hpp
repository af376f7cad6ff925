// Tables of element numbers on the device.
#pragma once

#include "backend/cuda/device_arrays.hpp"
#include "backend/cuda/kernels/moving.hpp"

namespace sonde::backend::device_ops {

/// DeviceBackend::supports() lets no sample have more than 2^31 - 1 elements.
inline std::vector<std::int32_t> narrow(std::vector<std::int64_t> const& wide) { return {wide.begin(), wide.end()}; }

/// For each of `count` elements, which places of `target` name it.
class ReaderTable {
 public:
  ReaderTable() = default;
  ReaderTable(std::vector<std::int32_t> const& target, std::int64_t count, device::Memory& memory) {
    std::vector<std::int32_t> first(static_cast<std::size_t>(count) + 1, 0), items(target.size());
    for (std::int32_t e : target) ++first[static_cast<std::size_t>(e) + 1];
    for (std::size_t e = 1; e < first.size(); ++e) first[e] += first[e - 1];
    std::vector<std::int32_t> next(first.begin(), first.end() - 1);
    for (std::size_t i = 0; i < target.size(); ++i)
      items[static_cast<std::size_t>(next[static_cast<std::size_t>(target[i])]++)] = static_cast<std::int32_t>(i);
    first_ = Buffer<std::int32_t>(first, memory);
    items_ = Buffer<std::int32_t>(items, memory);
  }
  /// Null where the table is empty.
  kernels::Readers view() const {
    return first_.size() > 0 ? kernels::Readers{first_.data(), items_.data()} : kernels::Readers{};
  }

 private:
  Buffer<std::int32_t> first_, items_;
};

}  // namespace sonde::backend::device_ops
