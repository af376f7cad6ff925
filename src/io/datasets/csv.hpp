// Tables of numbers in CSV and TSV, plain or gzip.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "io/datasets/file_bytes.hpp"

namespace sonde::io {

/// Fields of a CSV file, line by line: RFC 4180 quoting, LF or CRLF, empty lines skipped. Throws InputError naming the
/// line for a quote that is never closed and for lines of more than 64 MiB.
class CsvReader {
 public:
  CsvReader(std::string const& path, char separator);
  /// The next record; false at the end.
  bool next(std::vector<std::string>& fields);
  /// Line on which the last record started, from 1.
  std::int64_t line() const { return line_; }

 private:
  int next_byte();
  bool read_record(std::vector<std::string>& fields);

  std::string path_;
  char separator_;
  FileStream stream_;
  std::vector<std::byte> buffer_;
  std::size_t used_ = 0, filled_ = 0;
  std::int64_t line_ = 0, lines_read_ = 0;
};

struct CsvTable {
  std::vector<std::string> names;  // of the chosen columns; empty without a header
  std::int64_t rows = 0, columns = 0;
  bool integer = true;        // all values are whole numbers
  std::vector<float> values;  // (rows, columns)
};

/// Columns of a table, see DataOptions: `columns` empty takes all but `label_column`.
struct CsvColumns {
  std::string columns, label_column;
  std::optional<bool> header;
};

/// Reads the chosen columns; TRUE and FALSE (in any case) are 1 and 0. Throws InputError naming line and column for a
/// field that is no finite number, and the line for one with more or fewer fields than the first.
CsvTable read_csv(std::string const& path, char separator, CsvColumns const& chosen);

/// Calls `take` with the field of `column` (name, or number from 0) and its line, for each line after the header; line
/// 1 is one when none of its fields is a number. Throws InputError when there is no such column, and naming the line
/// for one with more or fewer fields than the first.
void read_csv_texts(std::string const& path, char separator, std::string const& column,
                    std::function<void(std::string const&, std::int64_t)> const& take);

}  // namespace sonde::io
