#include "backend/backend.hpp"

#include <algorithm>

namespace sonde::backend {

void Backend::zero(Queue& /*queue*/, float* tensor, std::size_t size) const { std::fill_n(tensor, size, 0.0F); }

}  // namespace sonde::backend
