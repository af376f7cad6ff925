// Which rows of a record the tokens of an annotation are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "inspect/record_block.hpp"

namespace sonde::inspect {

/// Rows [first, last) of a record.
struct RowRange {
  std::int64_t first = 0, last = 0;
};

/// The rows of each record that hold its text; all of them when the data are no text.
class RecordRows {
 public:
  explicit RecordRows(DataFacts const& facts);
  RowRange of(std::int64_t record) const {
    return text_.empty() ? RowRange{0, symbols_} : text_[static_cast<std::size_t>(record)];
  }

 private:
  std::int64_t symbols_;
  std::vector<RowRange> text_;
};

/// Matches tokens, in their order, against the text of one record; white space between them is skipped. A symbol
/// belongs to a token when they share a byte. Without a text token t is row t.
class TokenRows {
 public:
  TokenRows(DataFacts const& facts, std::int64_t record);

  /// Rows of the next token. A record that was cut short ends within a token or before it: then what is left of it,
  /// perhaps nothing. Throws InputError naming the record when the text goes on with something else, or when there are
  /// more tokens than rows.
  RowRange next(std::string const& token);
  /// Throws InputError when text is left after the last token.
  void finish();

 private:
  void skip_space();
  RowRange rows_of(std::size_t first_byte, std::size_t last_byte) const;
  std::string_view rest() const { return std::string_view(text_.text).substr(at_); }

  std::int64_t record_, symbols_;
  bool has_text_;
  io::RecordText text_;
  std::size_t at_ = 0;       // next byte of the text
  std::int64_t tokens_ = 0;  // so far
};

}  // namespace sonde::inspect
