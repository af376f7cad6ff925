// Tables on their way into a result file: columns of equal length in a group.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/shape.hpp"
#include "io/element_type.hpp"

namespace sonde::io {

/// The values of a column that this rank holds.
struct Column {
  std::string name;
  std::string units;        // "1" for none
  std::string description;  // one line
  ElementType type = ElementType::float64;
  std::int64_t width = 0;  // bytes of a text
  Shape extents;           // of one row; empty for a single value, as texts are
  std::vector<std::byte> bytes;

  std::size_t row_bytes() const {
    auto const element = type == ElementType::text ? static_cast<std::size_t>(width) : size_of(type);
    return static_cast<std::size_t>(volume(extents)) * element;
  }
  std::int64_t rows() const { return row_bytes() == 0 ? 0 : static_cast<std::int64_t>(bytes.size() / row_bytes()); }
};

struct Table {
  std::string name;  // path of the group in the file: "findings"
  std::vector<Column> columns;
};

/// A column of numbers; `values` holds whole rows.
template <class T>
Column make_column(std::string name, std::string units, std::string description, std::span<T const> values,
                   Shape extents = {}) {
  Column column{
      std::move(name), std::move(units), std::move(description), element_type<T>(), 0, std::move(extents), {}};
  auto const bytes = std::as_bytes(values);
  column.bytes.assign(bytes.begin(), bytes.end());
  return column;
}
template <class T>
Column make_column(std::string name, std::string units, std::string description, std::vector<T> const& values,
                   Shape extents = {}) {
  return make_column<T>(std::move(name), std::move(units), std::move(description), std::span<T const>(values),
                        std::move(extents));
}

/// A column of one text. HDF5 has no texts of no bytes: an empty one is a byte of padding, which is dropped when read.
inline Column text_column(std::string name, std::string description, std::string const& text) {
  Column column{std::move(name), "1", std::move(description), ElementType::text, 0, {}, {}};
  auto const bytes = std::as_bytes(std::span(text));
  column.bytes.assign(bytes.begin(), bytes.end());
  if (column.bytes.empty()) column.bytes.emplace_back();
  column.width = static_cast<std::int64_t>(column.bytes.size());
  return column;
}

}  // namespace sonde::io
