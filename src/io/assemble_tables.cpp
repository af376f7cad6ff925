// From segments to one file: the rows of each table in the order of its keys, a bounded piece of a column at a time.
#include <sys/resource.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <sstream>

#include "base/check.hpp"
#include "io/segments.hpp"

namespace sonde::io {
namespace {

/// A row of a table: which segment holds it, and where.
struct Place {
  std::uint32_t segment;
  std::uint32_t slot;  // within the piece being written
  std::int64_t row;
};

/// A long run has more segments than a process may open files by default.
void allow_many_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::vector<std::string> tables_of(H5File const& segment) {
  std::vector<std::string> names;
  std::istringstream lines(segment.text_attribute("/", "tables"));
  for (std::string name; std::getline(lines, name);) names.push_back(name);
  return names;
}

/// One column in all segments that have the table.
std::vector<H5Dataset> column_in(std::vector<H5File> const& files, std::string const& name) {
  std::vector<H5Dataset> parts;
  for (H5File const& file : files) parts.push_back(file.dataset(name));
  return parts;
}

/// The rows of all parts in the order of the key columns; equal keys keep the order of segments and rows.
std::vector<Place> order_of(std::vector<H5File> const& files, std::string const& table,
                            std::vector<std::string> const& columns, std::vector<std::string> const& keys) {
  std::vector<Place> places;
  std::vector<H5Dataset> const first = column_in(files, table + "/" + columns.front());
  for (std::uint32_t i = 0; i < first.size(); ++i) {
    for (std::int64_t row = 0; row < first[i].rows(); ++row) places.push_back({i, 0, row});
  }

  std::vector<std::vector<std::int64_t>> values;  // per key, in the order of `places`
  for (std::string const& key : keys) {
    values.emplace_back();
    for (H5Dataset const& part : column_in(files, table + "/" + key)) {
      std::vector<std::int64_t> const some = part.read<std::int64_t>();
      values.back().insert(values.back().end(), some.begin(), some.end());
    }
    if (values.back().size() != places.size()) {
      throw Error("table " + table + ": its columns are of unequal length (the segments are damaged). Run again.");
    }
  }
  std::vector<std::size_t> order(places.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    for (auto const& key : values) {
      if (key[a] != key[b]) return key[a] < key[b];
    }
    return false;
  });
  std::vector<Place> sorted;
  sorted.reserve(places.size());
  for (std::size_t const i : order) sorted.push_back(places[i]);
  return sorted;
}

std::size_t bytes_of_row(H5Dataset const& part) {
  auto const element =
      part.type() == ElementType::text ? static_cast<std::size_t>(part.text_width()) : size_of(part.type());
  return static_cast<std::size_t>(part.row_elements()) * element;
}

void read_rows(H5Dataset const& part, std::int64_t first, std::int64_t count, std::byte* out) {
  if (part.type() == ElementType::text) {
    part.read_text_rows(first, count, reinterpret_cast<char*>(out));
  } else {
    part.read_rows(first, count, part.type(), out);
  }
}

/// Fills `rows`: one of `row_bytes` per place, zeros before (the texts of a segment may be shorter). Rows that lie
/// together in a segment are read together, `most_rows` at a time.
void gather_rows(std::vector<H5Dataset> const& parts, std::span<Place> places, std::size_t row_bytes,
                 std::size_t most_rows, std::vector<std::byte>& scratch, std::byte* rows) {
  for (std::size_t i = 0; i < places.size(); ++i) places[i].slot = static_cast<std::uint32_t>(i);
  std::vector<Place> by_row(places.begin(), places.end());
  std::sort(by_row.begin(), by_row.end(), [](Place const& a, Place const& b) {
    return a.segment != b.segment ? a.segment < b.segment : a.row < b.row;
  });
  for (std::size_t i = 0; i < by_row.size();) {
    std::size_t run = 1;
    while (run < most_rows && i + run < by_row.size() && by_row[i + run].segment == by_row[i].segment &&
           by_row[i + run].row == by_row[i].row + static_cast<std::int64_t>(run)) {
      ++run;
    }
    H5Dataset const& part = parts[by_row[i].segment];
    std::size_t const part_bytes = bytes_of_row(part);
    scratch.resize(run * part_bytes);
    read_rows(part, by_row[i].row, static_cast<std::int64_t>(run), scratch.data());
    for (std::size_t j = 0; j < run; ++j) {
      std::memcpy(rows + by_row[i + j].slot * row_bytes, &scratch[j * part_bytes], part_bytes);
    }
    i += run;
  }
}

void assemble_column(std::vector<H5File> const& files, std::string const& name, std::vector<Place>& places,
                     H5File& target, std::size_t memory) {
  std::vector<H5Dataset> const parts = column_in(files, name);
  H5Dataset const& model = parts.front();
  std::int64_t width = 0;
  std::size_t row_bytes = 1;
  for (H5Dataset const& part : parts) {
    width = std::max(width, part.text_width());
    row_bytes = std::max(row_bytes, bytes_of_row(part));
    if (part.type() != model.type() || part.row_elements() != model.row_elements() || part.shape().empty()) {
      throw Error("column " + name +
                  ": segments hold different types of it (they are of different runs). Remove the .part folder.");
    }
  }
  Shape shape = model.shape();
  shape[0] = static_cast<std::int64_t>(places.size());
  H5Dataset out = target.create_dataset(name, model.type(), shape, width);
  for (char const* attribute : {"units", "description"}) {
    target.write_attribute(name, attribute, files.front().text_attribute(name, attribute));
  }

  std::size_t const piece = std::max<std::size_t>(1, memory / 2 / row_bytes);
  std::vector<std::byte> rows, scratch;
  for (std::size_t first = 0; first < places.size(); first += piece) {
    auto const some = std::span(places).subspan(first, std::min(piece, places.size() - first));
    rows.assign(some.size() * row_bytes, std::byte{0});
    gather_rows(parts, some, row_bytes, piece, scratch, rows.data());
    auto const count = static_cast<std::int64_t>(some.size());
    if (model.type() == ElementType::text) {
      out.write_text_rows(static_cast<std::int64_t>(first), count, reinterpret_cast<char const*>(rows.data()));
    } else {
      out.write_rows(static_cast<std::int64_t>(first), count, model.type(), rows.data());
    }
  }
}

}  // namespace

void assemble_tables(std::vector<std::string> const& segments, H5File& target, SortKeys const& keys,
                     std::size_t memory) {
  allow_many_files();
  std::map<std::string, std::vector<std::string>> holders;  // paths of the segments that have a table
  for (std::string const& path : segments) {
    for (std::string const& table : tables_of(H5File::open(path))) holders[table].push_back(path);
  }
  for (auto const& [name, paths] : holders) {
    std::string const& table = name;  // lambdas of clang 14 cannot take a part of a structured binding
    std::vector<H5File> files;
    for (std::string const& path : paths) files.push_back(H5File::open(path));
    std::vector<std::string> columns = files.front().children(table);
    std::erase_if(columns, [&](std::string const& column) { return !files.front().is_dataset(table + "/" + column); });
    if (columns.empty()) continue;
    auto const own_keys = keys.find(table);
    std::vector<Place> places =
        order_of(files, table, columns, own_keys == keys.end() ? std::vector<std::string>{} : own_keys->second);
    for (std::string const& column : columns) assemble_column(files, table + "/" + column, places, target, memory);
  }
}

}  // namespace sonde::io
