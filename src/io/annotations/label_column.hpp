// One column of labels: numbers or categories, record by record.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace sonde::io {

/// Names to numbers in the order of their first appearance.
class LabelNames {
 public:
  /// The code of `name`, a new one when it is not known. Throws InputError for a name that is not UTF-8.
  std::int32_t code(std::string const& name);
  std::vector<std::string> const& names() const { return names_; }

 private:
  std::unordered_map<std::string, std::int32_t> codes_;
  std::vector<std::string> names_;
};

/// How values are to be taken: numbers when all of them are, or as said.
enum class LabelsAs { automatic, number, category };

struct LabelColumn {
  bool per_record = false;          // the source has one value for each record
  std::vector<std::int64_t> first;  // (records + 1) the values of record r are [first[r], first[r + 1])
  bool numeric = false;
  std::vector<float> numbers;       // numeric: all finite
  std::vector<std::int32_t> codes;  // otherwise: index into names; -1 for "" and "_", which are no label
  std::vector<std::string> names;

  std::int64_t records() const { return static_cast<std::int64_t>(first.size()) - 1; }
};

/// Reads a column of
///   FILE.h5      data set `part` of (records) or (records, symbols...), numbers or texts
///   .csv, .tsv   column `part` by its name in line 1 or by its number from 0, which may be left out when there is but
///                one; a line for each symbol and a blank line between records, or, without blank lines, a line for
///                each record. Line 1 is a header when `part` names a column of it, or when its field is no number but
///                all others are; only then.
///   other        a data set of open_dataset (IDX, NPY, NPZ): (records) or (records, symbols...)
/// Throws InputError for a file, part or value that does not fit, naming the record, and for data beyond half of the
/// memory. Not collective.
LabelColumn read_label_column(std::string const& path, std::string const& part, LabelsAs as);

}  // namespace sonde::io
