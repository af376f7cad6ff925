// Spans of records from HDF5: parse trees and other annotations.
//
//   GROUP/record  (S) integer  place of the record in the data
//   GROUP/start   (S) integer  first symbol
//   GROUP/end     (S) integer  the symbol after the last
//   GROUP/label   (S) text, or integers that index GROUP/labels
//   GROUP/labels  (L) text, only with integers
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sonde::io {

struct SpanTable {
  std::vector<std::int64_t> record, start, end;  // (S) as the file has them: not checked
  std::vector<std::int32_t> label;               // (S) index into labels
  std::vector<std::string> labels;
};

/// Throws InputError for columns that are missing, of unequal length or no integers, for labels without a name, and for
/// tables beyond half of the memory.
SpanTable read_span_table(std::string const& path, std::string const& group);

}  // namespace sonde::io
