#include "io/datasets/csv.hpp"

#include <strings.h>

#include <charconv>
#include <cmath>
#include <numeric>
#include <string_view>

#include "base/check.hpp"
#include "base/registry.hpp"

namespace sonde::io {

CsvReader::CsvReader(std::string const& path, char separator)
    : path_(path), separator_(separator), stream_(path), buffer_(1 << 16) {}

int CsvReader::next_byte() {
  if (used_ == filled_) {
    filled_ = stream_.read(buffer_);
    used_ = 0;
    if (filled_ == 0) return -1;
  }
  return std::to_integer<int>(buffer_[used_++]);
}

bool CsvReader::read_record(std::vector<std::string>& fields) {
  constexpr std::int64_t longest = 1 << 26;
  fields.assign(1, "");
  line_ = ++lines_read_;
  bool quoted = false;
  bool after_quote = false;  // a quote that closed a field, unless another follows
  for (std::int64_t length = 0;; ++length) {
    VALIDATE(length < longest, "file " << path_ << ": line " << line_
                                       << " has more than 64 MiB (no table has such lines). Check the file.");
    int const byte = next_byte();
    auto const letter = static_cast<char>(byte);
    if (quoted) {
      VALIDATE(byte >= 0,
               "file " << path_ << ": line " << line_ << ": a quote is not closed (the file ends first). Close it.");
      if (byte == '\n') ++lines_read_;
      if (byte == '"') {
        quoted = false;
        after_quote = true;
      } else {
        fields.back() += letter;
      }
      continue;
    }
    if (byte < 0) return length > 0;
    if (byte == '\n') return true;
    if (byte == '"' && after_quote) {  // "" within quotes
      fields.back() += '"';
      quoted = true;
    } else if (byte == '"' && fields.back().empty()) {
      quoted = true;
    } else if (letter == separator_) {
      fields.emplace_back();
    } else if (byte != '\r') {
      fields.back() += letter;
    }
    after_quote = false;
  }
}

bool CsvReader::next(std::vector<std::string>& fields) {
  while (read_record(fields)) {
    if (line_ == 1 && fields[0].starts_with("\xef\xbb\xbf")) fields[0].erase(0, 3);  // byte order mark
    if (fields.size() > 1 || !fields[0].empty()) return true;
  }
  return false;
}

namespace {

std::string_view trimmed(std::string_view text) {
  auto const first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// A number or a boolean; nothing for another text.
std::optional<double> to_value(std::string_view text) {
  text = trimmed(text);
  if (text.size() == 4 && strncasecmp(text.data(), "TRUE", 4) == 0) return 1;
  if (text.size() == 5 && strncasecmp(text.data(), "FALSE", 5) == 0) return 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Names of a file's columns and how users write them.
class Header {
 public:
  Header(std::string path, std::vector<std::string> names, std::size_t width)
      : path_(std::move(path)), names_(std::move(names)), width_(width) {}

  /// "age" or "3" -> column; nothing when there is none.
  std::optional<std::size_t> find(std::string_view text) const {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (names_[i] == text) return i;
    }
    std::size_t column = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), column);
    if (error != std::errc() || end != text.data() + text.size() || column >= width_) return std::nullopt;
    return column;
  }

  std::size_t at(std::string_view text) const {
    auto const column = find(text);
    if (!column) refuse(text);
    return *column;
  }

  /// "a,b,3-7" -> columns. A name may hold '-': the whole text counts first, then each place to cut it.
  std::vector<std::size_t> list(std::string_view text) const {
    std::vector<std::size_t> columns;
    while (!text.empty()) {
      auto const comma = text.find(',');
      append_range(text.substr(0, comma), columns);
      text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    }
    return columns;
  }

  /// "column 3 ('age')"
  std::string describe(std::size_t column) const {
    return "column " + std::to_string(column) + (names_.empty() ? "" : " ('" + names_[column] + "')");
  }
  std::vector<std::string> const& names() const { return names_; }

 private:
  void append_range(std::string_view text, std::vector<std::size_t>& columns) const {
    auto first = find(text);
    auto last = first;
    for (auto dash = text.find('-'); !first && dash != std::string_view::npos; dash = text.find('-', dash + 1)) {
      first = find(text.substr(0, dash));
      last = find(text.substr(dash + 1));
      if (!first || !last || *first > *last) first.reset();
    }
    if (!first) refuse(text);
    for (std::size_t column = *first; column <= *last; ++column) columns.push_back(column);
  }

  [[noreturn]] void refuse(std::string_view text) const {
    SONDE_FAIL_AS(InputError, "file " << path_ << ": there is no column '" << text << "' (it has " << width_
                                      << " columns" << (names_.empty() ? ", without names" : ": " + join(names_))
                                      << "). Name a column, its number from 0, or a range FIRST-LAST.");
  }

  std::string path_;
  std::vector<std::string> names_;
  std::size_t width_;
};

bool looks_like_header(std::vector<std::string> const& fields) {
  for (std::string const& field : fields) {
    if (to_value(field)) return false;
  }
  return true;
}

std::vector<std::size_t> choose(Header const& header, std::size_t width, CsvColumns const& chosen) {
  if (!chosen.columns.empty()) return header.list(chosen.columns);
  std::vector<std::size_t> all(width);
  std::iota(all.begin(), all.end(), std::size_t{0});
  if (!chosen.label_column.empty()) std::erase(all, header.at(chosen.label_column));
  return all;
}

float checked_value(std::string const& path, std::int64_t line, Header const& header, std::size_t column,
                    std::string const& field, bool& integer) {
  auto const value = to_value(field);
  VALIDATE(value, "file " << path << ": line " << line << ", " << header.describe(column) << ": '"
                          << field.substr(0, 40)
                          << "' is not a number (only numbers and TRUE or FALSE can be fed to a model). Choose other "
                             "columns with --columns.");
  auto const number = static_cast<float>(*value);
  VALIDATE(std::isfinite(number),
           "file " << path << ": line " << line << ", " << header.describe(column) << ": '" << field.substr(0, 40)
                   << "' is not finite in 32 bits (models need finite numbers). Take the line out.");
  integer = integer && *value == std::floor(*value);
  return number;
}

void check_width(std::string const& path, CsvReader const& reader, std::size_t fields, std::size_t width) {
  VALIDATE(fields == width, "file " << path << ": line " << reader.line() << " has " << fields
                                    << " fields but line 1 has " << width
                                    << " (every line needs as many). Mend the line.");
}

std::vector<std::string> header_names(std::vector<std::string> const& fields) {
  std::vector<std::string> names;
  for (std::string const& field : fields) names.emplace_back(trimmed(field));
  return names;
}

}  // namespace

CsvTable read_csv(std::string const& path, char separator, CsvColumns const& chosen) {
  CsvReader reader(path, separator);
  std::vector<std::string> fields;
  VALIDATE(reader.next(fields), "file " << path << ": it is empty (there is no line in it). Check the file.");
  bool const has_header = chosen.header ? *chosen.header : looks_like_header(fields);
  std::size_t const width = fields.size();
  Header const header(path, has_header ? header_names(fields) : std::vector<std::string>{}, width);
  std::vector<std::size_t> const columns = choose(header, width, chosen);
  VALIDATE(!columns.empty(),
           "file " << path << ": no column is left (the label is the only one). Choose columns with --columns.");

  CsvTable table;
  table.columns = static_cast<std::int64_t>(columns.size());
  if (has_header) {
    for (std::size_t column : columns) table.names.push_back(header.names()[column]);
  }
  std::size_t const most = static_cast<std::size_t>(memory_limit()) / sizeof(float);
  bool more = has_header ? reader.next(fields) : true;
  for (; more; more = reader.next(fields)) {
    check_width(path, reader, fields.size(), width);
    VALIDATE(table.values.size() + columns.size() <= most,
             "file " << path << ": its table does not fit half of the memory. Choose fewer columns.");
    for (std::size_t column : columns) {
      table.values.push_back(checked_value(path, reader.line(), header, column, fields[column], table.integer));
    }
    ++table.rows;
  }
  VALIDATE(table.rows > 0, "file " << path << ": it holds no records (only a header). Check the file.");
  return table;
}

void read_csv_texts(std::string const& path, char separator, std::string const& column,
                    std::function<void(std::string const&, std::int64_t)> const& take) {
  CsvReader reader(path, separator);
  std::vector<std::string> fields;
  VALIDATE(reader.next(fields), "file " << path << ": it is empty (there is no line in it). Check the file.");
  bool const has_header = looks_like_header(fields);
  std::size_t const width = fields.size();
  Header const header(path, has_header ? header_names(fields) : std::vector<std::string>{}, width);
  std::size_t const chosen = header.at(column);
  bool more = has_header ? reader.next(fields) : true;
  for (; more; more = reader.next(fields)) {
    check_width(path, reader, fields.size(), width);
    take(fields[chosen], reader.line());
  }
}

}  // namespace sonde::io
