#include "inspect/hypotheses/token_rows.hpp"

#include <algorithm>
#include <array>

#include "base/check.hpp"

namespace sonde::inspect {

namespace {

/// Bytes of the white space that starts `text`; 0 when it starts with something else.
std::size_t space_bytes(std::string_view text) {
  if (text.empty()) return 0;
  if (std::string_view(" \t\r\n\f\v").find(text[0]) != std::string_view::npos) return 1;
  constexpr std::array<std::string_view, 4> wide = {"\xc2\xa0", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};
  for (std::string_view const space : wide) {
    if (text.starts_with(space)) return space.size();
  }
  bool const general = text.starts_with("\xe2\x80") && text.size() >= 3 && static_cast<unsigned char>(text[2]) <= 0x8bU;
  return general ? 3 : 0;  // U+2000 to U+200B
}

/// The start of a text for messages, not cut within a character.
std::string excerpt(std::string_view text) {
  if (text.size() <= 30) return std::string(text);
  std::size_t end = 30;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return std::string(text.substr(0, end)) + "...";
}

/// `token` is at the start of `text`, or Penn's quotes are there as '"'; the bytes it takes, 0 when it is not there.
std::size_t match(std::string_view text, std::string_view token) {
  if (text.starts_with(token)) return token.size();
  return (token == "``" || token == "''") && text.starts_with('"') ? 1 : 0;
}

}  // namespace

RecordRows::RecordRows(DataFacts const& facts) : symbols_(facts.symbols) {
  if (facts.text == nullptr) return;
  std::vector<std::uint8_t> weights(static_cast<std::size_t>(facts.symbols));
  for (std::int64_t record = 0; record < facts.records; ++record) {
    facts.text->weights(record, weights.data());
    auto const first = std::find(weights.begin(), weights.end(), 1);
    auto const last = std::find(first, weights.end(), 0);
    text_.push_back({first - weights.begin(), last - weights.begin()});
  }
}

TokenRows::TokenRows(DataFacts const& facts, std::int64_t record)
    : record_(record), symbols_(facts.symbols), has_text_(facts.text != nullptr) {
  if (has_text_) text_ = facts.text->record(record);
}

void TokenRows::skip_space() {
  for (std::size_t bytes = space_bytes(rest()); bytes > 0; bytes = space_bytes(rest())) at_ += bytes;
}

RowRange TokenRows::rows_of(std::size_t first_byte, std::size_t last_byte) const {
  if (first_byte == last_byte) return {};
  // The last symbol that starts at or before a byte holds it: padding, which is empty, comes before.
  auto const symbol = [&](std::size_t byte) {
    return std::upper_bound(text_.first.begin(), text_.first.end() - 1, byte) - text_.first.begin() - 1;
  };
  return {symbol(first_byte), symbol(last_byte - 1) + 1};
}

RowRange TokenRows::next(std::string const& token) {
  std::int64_t const place = tokens_++;
  if (!has_text_) {
    VALIDATE(place < symbols_, "record " << record_ << ": it has more tokens than the " << symbols_
                                         << " symbols of a record (without a text token t is symbol t). "
                                            "Give the data from which the behaviours were made.");
    return {place, place + 1};
  }
  skip_space();
  std::string_view const text = rest();
  if (std::size_t const bytes = match(text, token); bytes > 0 || token.empty()) {
    at_ += bytes;
    return rows_of(at_ - bytes, at_);
  }
  VALIDATE(token.starts_with(text), "record " << record_ << ": token " << place + 1 << ", '" << excerpt(token)
                                              << "', is not what its text goes on with ('" << excerpt(text)
                                              << "'). Give the annotation of this text, sentence by sentence.");
  std::size_t const begin = at_;
  at_ = text_.text.size();
  return rows_of(begin, at_);
}

void TokenRows::finish() {
  skip_space();
  VALIDATE(!has_text_ || rest().empty(), "record " << record_ << ": its text goes on after the last token ('"
                                                   << excerpt(rest())
                                                   << "'). Give the annotation of this text, sentence by sentence.");
}

}  // namespace sonde::inspect
