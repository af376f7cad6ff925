// Cuts a text file into records.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "io/datasets/text.hpp"
#include "io/datasets/text_vocabulary.hpp"

namespace sonde::io {

/// TextOptions, checked.
struct RecordPlan {
  bool lines = true;
  std::int64_t window = 0;  // symbols of a window; 0 for lines
  std::int64_t length = 0;  // symbols of a record as given; 0: not
  bool padded = false, pad_left = false;
  std::int32_t pad = 0;
  std::int64_t start = -1;  // id before a record's symbols; -1: none

  std::int64_t starts() const { return start < 0 ? 0 : 1; }
};

/// Throws InputError naming the option for what is not of its form or does not go together.
RecordPlan plan_records(TextOptions const& options);

/// What read_records saw. Symbols are those of the text: without start and padding.
struct TextCounts {
  std::int64_t records = 0, bytes = 0;     // bytes of the records' texts
  std::int64_t longest = 0, shortest = 0;  // symbols of a record
  std::int64_t shortest_line = 0;          // where that record ends, from 1
  std::int64_t cut = 0, empty = 0;         // lines that were cut to the length; empty ones, which are no records
  std::int64_t unknown = 0;                // characters that are no symbols
  std::int64_t left_out = 0;               // symbols of the last window when it is short and there is no padding
};

/// Calls `sink` with the text of each record of `path`, in order; for .csv and .tsv those are the fields of `column`,
/// for .conllu the texts of its sentences.
/// Nothing but the present record is held. CRLF counts as LF, unless windows are cut and the vocabulary has '\r'.
/// Throws InputError naming line and column for a character that is no symbol, and for bytes that are not UTF-8.
TextCounts read_records(std::string const& path, std::string const& column, RecordPlan const& plan,
                        Vocabulary const& vocabulary, std::function<void(std::string_view)> const& sink);

}  // namespace sonde::io
