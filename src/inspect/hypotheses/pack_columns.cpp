// Bytes of a record's columns in the cache.
//
//   per column: n (1 byte), n values as floats, then
//     n = 0        floats (symbols)
//     n = 1        nothing
//     n = 2        bits, the first symbol in the lowest of a byte: which value
//     n = 3..255   bytes: which value
#include <bit>
#include <cstring>

#include "inspect/hypotheses/cache.hpp"

namespace sonde::inspect {

namespace {

/// The distinct values of a column as bits; nothing when there are more than 255. Index i of `which` is that of
/// symbol i.
std::vector<std::uint32_t> distinct(std::vector<std::uint32_t> const& column, std::vector<std::uint8_t>& which) {
  std::vector<std::uint32_t> values;
  which.clear();
  for (std::uint32_t const value : column) {
    std::size_t i = 0;
    while (i < values.size() && values[i] != value) ++i;
    if (i == values.size()) values.push_back(value);
    if (values.size() > 255) return {};
    which.push_back(static_cast<std::uint8_t>(i));
  }
  return values;
}

void append(std::vector<std::uint8_t>& bytes, std::vector<std::uint32_t> const& values) {
  auto const* const begin = reinterpret_cast<std::uint8_t const*>(values.data());
  bytes.insert(bytes.end(), begin, begin + values.size() * sizeof(std::uint32_t));
}

/// Bytes that follow the values.
std::size_t body_bytes(std::size_t distinct_values, std::int64_t symbols) {
  auto const count = static_cast<std::size_t>(symbols);
  if (distinct_values == 0) return count * sizeof(float);
  if (distinct_values == 1) return 0;
  return distinct_values == 2 ? (count + 7) / 8 : count;
}

/// Which value symbol `s` has.
std::size_t index_of(std::uint8_t const* body, std::size_t distinct_values, std::size_t s) {
  if (distinct_values == 1) return 0;
  return distinct_values == 2 ? body[s / 8] >> s % 8 & 1U : body[s];
}

}  // namespace

std::vector<std::uint8_t> pack_columns(float const* values, std::int64_t symbols, std::int64_t columns,
                                       std::int64_t stride) {
  std::vector<std::uint8_t> bytes;
  std::vector<std::uint32_t> column(static_cast<std::size_t>(symbols));
  std::vector<std::uint8_t> which;
  for (std::int64_t c = 0; c < columns; ++c) {
    for (std::int64_t s = 0; s < symbols; ++s)
      column[static_cast<std::size_t>(s)] = std::bit_cast<std::uint32_t>(values[s * stride + c]);
    auto const palette = distinct(column, which);
    bytes.push_back(static_cast<std::uint8_t>(palette.size()));
    append(bytes, palette);
    std::size_t const start = bytes.size();
    if (palette.empty()) {
      append(bytes, column);
    } else if (palette.size() == 2) {
      bytes.resize(start + body_bytes(2, symbols), 0);
      for (std::size_t s = 0; s < which.size(); ++s)
        bytes[start + s / 8] = static_cast<std::uint8_t>(bytes[start + s / 8] | which[s] << s % 8);
    } else if (palette.size() > 2) {
      bytes.insert(bytes.end(), which.begin(), which.end());
    }
  }
  return bytes;
}

bool unpack_columns(std::vector<std::uint8_t> const& bytes, std::int64_t symbols, std::int64_t columns, float* values,
                    std::int64_t stride) {
  std::size_t at = 0;
  for (std::int64_t c = 0; c < columns; ++c) {
    if (at >= bytes.size()) return false;
    std::size_t const count = bytes[at++];
    std::size_t const body = at + count * sizeof(float);
    std::size_t const end = body + body_bytes(count, symbols);
    if (end > bytes.size()) return false;
    for (std::size_t s = 0; s < static_cast<std::size_t>(symbols); ++s) {
      std::size_t const index = count == 0 ? s : index_of(bytes.data() + body, count, s);
      if (count > 0 && index >= count) return false;
      float* const target = values + static_cast<std::int64_t>(s) * stride + c;
      std::memcpy(target, bytes.data() + (count == 0 ? body : at) + index * sizeof(float), sizeof(float));
    }
    at = end;
  }
  return at == bytes.size();
}

}  // namespace sonde::inspect
