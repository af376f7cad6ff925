#include "io/annotations/label_column.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>

#include "base/check.hpp"
#include "base/registry.hpp"
#include "comm/communicator.hpp"
#include "io/annotations/line_reader.hpp"
#include "io/datasets/csv.hpp"
#include "io/datasets/dataset.hpp"
#include "io/h5.hpp"

namespace sonde::io {

namespace {

std::optional<double> to_number(std::string const& text) {
  double value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_no_label(std::string const& name) { return name.empty() || name == "_"; }

std::int64_t record_of(LabelColumn const& column, std::size_t value) {
  auto const after = std::upper_bound(column.first.begin(), column.first.end(), static_cast<std::int64_t>(value));
  return after - column.first.begin() - 1;
}

// --- arrays ---

/// Sets the records of an array of this shape; its number of values. `bytes` are needed for each of them.
std::int64_t take_shape(std::string const& subject, Shape const& shape, std::int64_t bytes, LabelColumn& column) {
  VALIDATE(!shape.empty() && std::ranges::count(shape, 0) == 0,
           subject << ": it is " << (shape.empty() ? "a single value" : "empty")
                   << " (labels have an extent of records, and one of symbols). Name another data set.");
  std::int64_t const each = volume(Shape(shape.begin() + 1, shape.end()));
  VALIDATE(each <= memory_limit() / bytes / shape[0], subject << ": its " << shape[0] << " x " << each
                                                              << " labels do not fit half of the memory ("
                                                              << memory_limit() << " bytes). Split the data.");
  column.per_record = shape.size() == 1;
  column.first.resize(static_cast<std::size_t>(shape[0]) + 1);
  for (std::size_t r = 0; r < column.first.size(); ++r) column.first[r] = static_cast<std::int64_t>(r) * each;
  return shape[0] * each;
}

/// "7" and "2.5": as short as tells the number from others.
std::string name_of_number(float value) {
  char text[32];
  auto const result = std::to_chars(text, text + sizeof text, value);
  return {text, result.ptr};
}

/// Turns numbers into categories named by their values.
void categorise(LabelColumn& column) {
  std::map<float, std::int32_t> codes;
  for (float const value : column.numbers) codes.emplace(value, 0);
  for (auto& [value, code] : codes) {
    code = static_cast<std::int32_t>(column.names.size());
    column.names.push_back(name_of_number(value));
  }
  for (float const value : column.numbers) column.codes.push_back(codes.at(value));
  column.numbers.clear();
  column.numeric = false;
}

void take_names(std::vector<std::string> const& texts, LabelColumn& column) {
  LabelNames names;
  column.codes.reserve(texts.size());
  for (std::string const& text : texts) column.codes.push_back(is_no_label(text) ? -1 : names.code(text));
  column.names = names.names();
}

LabelColumn read_hdf5(std::string const& path, std::string const& part, LabelsAs as) {
  H5File const file = H5File::open(path);
  VALIDATE(!part.empty(), "labels " << path << ": no data set of the file is named (its top holds "
                                    << join(file.children("/")) << "). Give FILE.h5:/DATASET.");
  H5Dataset const dataset = file.dataset(part);
  bool const text = dataset.type() == ElementType::text;
  LabelColumn column;
  std::int64_t const width = text ? 64 + dataset.text_width() : 16;
  std::int64_t const count = take_shape(dataset.subject(), dataset.shape(), width, column);
  if (text) {
    VALIDATE(as != LabelsAs::number, dataset.subject() << ": it holds texts (as=number needs numbers). Leave as= out.");
    take_names(dataset.read_text(), column);
    return column;
  }
  column.numeric = true;
  column.numbers.resize(static_cast<std::size_t>(count));
  dataset.read_rows<float>(0, dataset.rows(), column.numbers);
  auto const bad =
      std::find_if_not(column.numbers.begin(), column.numbers.end(), [](float x) { return std::isfinite(x); });
  if (bad != column.numbers.end()) {
    auto const place = static_cast<std::size_t>(bad - column.numbers.begin());
    std::int64_t const record = record_of(column, place);
    SONDE_FAIL_AS(InputError, dataset.subject()
                                  << ": record " << record << ", symbol "
                                  << static_cast<std::int64_t>(place) - column.first[static_cast<std::size_t>(record)]
                                  << " is " << *bad << " (scores need finite numbers). Mend the data.");
  }
  return column;
}

LabelColumn read_array(std::string const& path, std::string const& part) {
  auto const dataset = open_dataset(part.empty() ? path : path + ":" + part, {}, comm::Communicator());
  LabelColumn column;
  Shape shape = dataset->sample_shape();
  shape.insert(shape.begin(), dataset->size());
  if (shape.size() == 2 && shape[1] == 1) shape.pop_back();
  std::int64_t const count = take_shape("labels " + path, shape, 16, column);
  std::vector<std::int64_t> records(static_cast<std::size_t>(dataset->size()));
  std::iota(records.begin(), records.end(), std::int64_t{0});
  column.numeric = true;
  column.numbers.resize(static_cast<std::size_t>(count));
  dataset->read(records, column.numbers.data());
  return column;
}

// --- tables ---

/// The place of column `part` in a table whose first line is `fields`, and whether that line is a header.
std::size_t find_column(std::string const& path, std::vector<std::string> const& fields, std::string const& part,
                        bool& header) {
  if (part.empty()) {
    VALIDATE(fields.size() == 1, "labels " << path << ": it has " << fields.size()
                                           << " columns (which one holds the labels?). Give FILE:COLUMN, by name or "
                                              "number from 0.");
    return 0;
  }
  std::size_t number = 0;
  auto const [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
  if (error == std::errc() && end == part.data() + part.size()) {
    VALIDATE(number < fields.size(), "labels " << path << ": there is no column " << part << " (it has "
                                               << fields.size() << ", numbered from 0). Choose one of them.");
    return number;
  }
  auto const found = std::find(fields.begin(), fields.end(), part);
  VALIDATE(found != fields.end(), "labels " << path << ": there is no column '" << part << "' (line 1 holds "
                                            << join(fields).substr(0, 200) << "). Name one of them.");
  header = true;
  return static_cast<std::size_t>(found - fields.begin());
}

/// Whether value 0 is a header: no number, where all others are.
bool names_numbers(LabelColumn const& column, std::vector<std::string> const& names) {
  if (column.codes.size() < 2 || column.codes[0] < 0 || to_number(names[static_cast<std::size_t>(column.codes[0])]))
    return false;
  for (std::size_t i = 1; i < column.codes.size(); ++i) {
    if (column.codes[i] < 0 || !to_number(names[static_cast<std::size_t>(column.codes[i])])) return false;
  }
  return true;
}

/// Turns the codes of a table into numbers.
void take_numbers(std::string const& path, std::vector<std::string> const& names, LabelColumn& column) {
  column.numeric = true;
  for (std::size_t i = 0; i < column.codes.size(); ++i) {
    std::string const text = column.codes[i] < 0 ? "_" : names[static_cast<std::size_t>(column.codes[i])];
    auto const value = to_number(text);
    VALIDATE(value && std::isfinite(static_cast<float>(*value)),
             "labels " << path << ": record " << record_of(column, i) << " has '" << text.substr(0, 40)
                       << "' (a finite number is needed). Mend it, or give as=category.");
    column.numbers.push_back(static_cast<float>(*value));
  }
  column.codes.clear();
}

/// Fills codes, first and per_record.
void read_fields(std::string const& path, std::string const& part, LabelNames& names, LabelColumn& column,
                 bool& header) {
  CsvReader reader(path, path.find(".tsv") != std::string::npos ? '\t' : ',');
  std::vector<std::string> fields;
  VALIDATE(reader.next(fields), "labels " << path << ": it is empty (there is no line in it). Check the file.");
  std::size_t const width = fields.size();
  std::size_t const place = find_column(path, fields, part, header);
  auto const most = static_cast<std::size_t>(memory_limit()) / 128;
  bool more = header ? reader.next(fields) : true;
  std::int64_t expected = reader.line();  // where the next line starts when none is blank
  bool blank_seen = false;
  for (; more; more = reader.next(fields)) {
    VALIDATE(fields.size() == width, "labels " << path << ": line " << reader.line() << " has " << fields.size()
                                               << " fields but line 1 has " << width
                                               << " (every line needs as many). Mend the line.");
    VALIDATE(column.codes.size() < most, "labels " << path << ": they do not fit half of the memory. Split the data.");
    bool const blank_before = reader.line() > expected && !column.codes.empty();
    if (blank_before) column.first.push_back(static_cast<std::int64_t>(column.codes.size()));
    blank_seen = blank_seen || blank_before;
    column.codes.push_back(is_no_label(fields[place]) ? -1 : names.code(fields[place]));
    expected = reader.line() + 1;
    for (std::string const& field : fields) expected += std::count(field.begin(), field.end(), '\n');
  }
  VALIDATE(!column.codes.empty(), "labels " << path << ": it holds no labels (only a header). Check the file.");
  column.per_record = !blank_seen;
}

LabelColumn read_table(std::string const& path, std::string const& part, LabelsAs as) {
  LabelColumn column;
  column.first = {0};
  LabelNames names;
  bool header = false;
  read_fields(path, part, names, column, header);
  if (!header && as != LabelsAs::category && names_numbers(column, names.names())) {
    column.codes.erase(column.codes.begin());
    for (std::size_t r = 1; r < column.first.size(); ++r) --column.first[r];
    if (column.first.size() > 1 && column.first[1] == 0) column.first.erase(column.first.begin());
  }
  auto const count = static_cast<std::int64_t>(column.codes.size());
  if (column.per_record) {
    column.first.resize(column.codes.size() + 1);
    std::iota(column.first.begin(), column.first.end(), std::int64_t{0});
  } else {
    column.first.push_back(count);
  }
  auto const has_label = [](std::int32_t code) { return code >= 0; };
  bool numbers = std::all_of(column.codes.begin(), column.codes.end(), has_label);
  for (std::int32_t const code : column.codes) {
    if (!numbers) break;
    numbers = to_number(names.names()[static_cast<std::size_t>(code)]).has_value();
  }
  column.names = names.names();
  if (as == LabelsAs::number || (as == LabelsAs::automatic && numbers)) {
    take_numbers(path, names.names(), column);
    column.names.clear();
  }
  return column;
}

bool is_table(std::string const& path) {
  for (char const* suffix : {".csv", ".tsv", ".csv.gz", ".tsv.gz"}) {
    if (path.ends_with(suffix)) return true;
  }
  return false;
}

}  // namespace

std::int32_t LabelNames::code(std::string const& name) {
  auto const [entry, is_new] = codes_.try_emplace(name, static_cast<std::int32_t>(names_.size()));
  if (is_new) {
    VALIDATE(is_utf8(name), "label " << names_.size() << ": its name is not UTF-8 (names of hypotheses are). "
                                     << "Convert the file.");
    names_.push_back(name);
  }
  return entry->second;
}

LabelColumn read_label_column(std::string const& path, std::string const& part, LabelsAs as) {
  if (is_table(path)) return read_table(path, part, as);
  LabelColumn column = H5File::has_signature(path) ? read_hdf5(path, part, as) : read_array(path, part);
  if (column.numeric && as == LabelsAs::category) categorise(column);
  return column;
}

}  // namespace sonde::io
