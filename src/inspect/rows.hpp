// A block of rows of both behaviour matrices, ready to be added to sums.
#pragma once

#include <cstdint>
#include <span>

#include "backend/unit_table.hpp"

namespace sonde::inspect {

/// Rows of whole records; padded symbols are left out. One block is also one batch of the batch-means error estimate.
struct Rows {
  std::int64_t count = 0;             // may be 0
  std::int64_t units = 0;             // U
  std::int64_t hypotheses = 0;        // H: the columns that are still active
  float const* unit = nullptr;        // (count, U)
  float const* hypothesis = nullptr;  // (count, H); NaN: not annotated
  std::int64_t const* key = nullptr;  // (count) what a random-label control draws by: the id of a text's symbol (Hewitt
                                      // & Liang 2019), the number of the row otherwise
  backend::UnitTable* there = nullptr;  // holds the unit values when `unit` is null
  std::int64_t first_there = 0;         // the first of the table's units that is meant
};

}  // namespace sonde::inspect
