#include "io/datasets/text_vocabulary.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "base/check.hpp"
#include "io/datasets/file_bytes.hpp"
#include "io/provenance.hpp"

namespace sonde::io {
namespace {

using nlohmann::json;

std::int32_t checked_id(std::string const& subject, json const& value) {
  VALIDATE(value.is_number_integer(), subject << " has the id " << value.dump().substr(0, 40)
                                              << " (ids are whole numbers from 0). Mend the vocabulary.");
  bool const fits = value.is_number_unsigned() && value.get<std::uint64_t>() < most_ids;
  VALIDATE(fits, subject << " has the id " << value.dump() << " (ids lie in 0 to " << most_ids - 1
                         << "). Mend the vocabulary.");
  return static_cast<std::int32_t>(value.get<std::uint64_t>());
}

/// Calls add(symbol, id) for each entry as it is read: nothing is kept of what is no vocabulary, however deep.
template <class Add>
void parse_vocabulary(std::string const& path, std::vector<std::uint8_t> const& bytes, Add const& add) {
  std::string key;
  auto const on_event = [&](int depth, json::parse_event_t event, json& parsed) {
    using Event = json::parse_event_t;
    bool const whole = depth == 0 && (event == Event::object_start || event == Event::object_end);
    bool const entry = depth == 1 && (event == Event::key || event == Event::value);
    VALIDATE(whole || entry, "vocabulary " << path << ": it is not of the form {\"symbol\": id, ...} (there is "
                                           << (depth == 0 ? "no object" : "more than a number behind '" + key + "'")
                                           << "). Give one object of symbols and whole numbers.");
    if (event == Event::key) key = parsed.get<std::string>();
    if (event == Event::value) add(key, checked_id("vocabulary " + path + ": the symbol '" + key + "'", parsed));
    return whole || event == Event::key;
  };
  try {
    json const nothing = json::parse(bytes.begin(), bytes.end(), on_event);
  } catch (json::exception const& error) {
    SONDE_FAIL_AS(InputError, "vocabulary " << path << ": it is not JSON (" << std::string(error.what()).substr(0, 200)
                                            << "). Check the file.");
  }
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
  auto const byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  unsigned const first = byte(0);
  if (text.empty()) return 0;
  if (first < 0x80) return 1;
  std::size_t const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return 0;
  }
  // Overlong forms, surrogates, and beyond U+10FFFF.
  unsigned const second = byte(1);
  bool const wrong = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                     (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return wrong ? 0 : length;
}

Vocabulary::Vocabulary(std::string const& path, std::optional<std::int64_t> unknown) : path_(path) {
  constexpr std::int64_t most_bytes = 1 << 26;
  std::int64_t const size = open_file(path)->size();
  VALIDATE(size <= most_bytes,
           "vocabulary " << path << ": it has " << size << " bytes (64 MiB at most). Check the file.");
  std::vector<std::uint8_t> const bytes = read_whole_file(path);
  VALIDATE(!bytes.empty(), "vocabulary " << path << ": the file is empty (there is no byte in it). Check the file.");
  sha256_ = sha256_of(std::as_bytes(std::span(bytes)));
  parse_vocabulary(path, bytes, [&](std::string const& symbol, std::int32_t id) { add(symbol, id); });
  VALIDATE(!ids_.empty(),
           "vocabulary " << path << ": it has no symbols (no text could be read by it). Check the file.");
  for (auto& lengths : lengths_) {
    std::sort(lengths.rbegin(), lengths.rend());
    lengths.erase(std::unique(lengths.begin(), lengths.end()), lengths.end());
  }
  if (auto const found = ids_.find("<unk>"); found != ids_.end()) unknown_ = found->second;
  if (unknown) {
    unknown_ = static_cast<std::int32_t>(*unknown);
    largest_ = std::max(largest_, *unknown);
  }
}

void Vocabulary::add(std::string const& symbol, std::int32_t id) {
  VALIDATE(!symbol.empty(), "vocabulary " << path_ << ": the symbol with the id " << id
                                          << " is empty (no text holds it). Write the symbol, or take it out.");
  VALIDATE(symbol.size() <= longest_symbol, "vocabulary " << path_ << ": the symbol '" << symbol.substr(0, 40)
                                                          << "...' has " << symbol.size() << " bytes ("
                                                          << longest_symbol << " at most). Check the file.");
  VALIDATE(ids_.emplace(symbol, id).second,
           "vocabulary " << path_ << ": the symbol '" << symbol << "' stands twice (its id is not certain). Keep one.");
  lengths_[static_cast<unsigned char>(symbol[0])].push_back(symbol.size());
  largest_ = std::max<std::int64_t>(largest_, id);
  carriage_return_ = carriage_return_ || symbol.find('\r') != std::string::npos;
}

TextSymbol Vocabulary::match(std::string_view text) const {
  if (text.empty()) return {};
  for (std::size_t const length : lengths_[static_cast<unsigned char>(text[0])]) {
    if (length > text.size()) continue;
    auto const found = ids_.find(text.substr(0, length));
    if (found != ids_.end()) return {length, found->second, true};
  }
  if (unknown_) return {utf8_length(text), *unknown_, false};
  return {};
}

}  // namespace sonde::io
