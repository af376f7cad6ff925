#include "backend/backend.hpp"

#include <algorithm>

#include "backend/rows.hpp"
#include "backend/unit_table.hpp"

namespace sonde::backend {

std::unique_ptr<RowOps> Backend::make_row_ops() const { return std::make_unique<RowOps>(); }

std::unique_ptr<UnitTable> Backend::make_unit_table() const { return nullptr; }

std::unique_ptr<Step> Backend::record(std::vector<Queue*> const& /*queues*/, std::function<void()> calls) const {
  return std::make_unique<Step>(std::move(calls));
}

void Backend::zero(Queue& /*queue*/, float* tensor, std::size_t size) const { std::fill_n(tensor, size, 0.0F); }

}  // namespace sonde::backend
