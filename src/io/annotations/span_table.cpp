#include "io/annotations/span_table.hpp"

#include "base/check.hpp"
#include "base/registry.hpp"
#include "io/annotations/label_column.hpp"
#include "io/datasets/file_bytes.hpp"
#include "io/h5.hpp"

namespace sonde::io {

namespace {

H5Dataset column_of(H5File const& file, std::string const& group, char const* name) {
  std::string const path = group + "/" + name;
  VALIDATE(file.is_dataset(path), "file " << file.path() << ": there is no data set " << path << " (the group holds "
                                          << (file.is_group(group) ? join(file.children(group)) : "nothing")
                                          << "). Spans are the columns record, start, end and label.");
  H5Dataset column = file.dataset(path);
  VALIDATE(column.shape().size() == 1, column.subject() << ": its shape is " << to_string(column.shape())
                                                        << " (a column has one extent). Store it as one column.");
  // The numbers, and a text of its own for each label.
  std::int64_t const bytes = 64 + column.text_width();
  VALIDATE(column.rows() <= memory_limit() / bytes, column.subject() << ": " << column.rows()
                                                                     << " spans do not fit half of the memory. "
                                                                        "Split the data.");
  return column;
}

std::vector<std::int64_t> integers_of(H5Dataset const& column) {
  VALIDATE(
      column.type() != ElementType::text && !is_float(column.type()),
      column.subject() << ": it holds " << name_of(column.type()) << " (whole numbers are needed). Store integers.");
  return column.read<std::int64_t>();
}

}  // namespace

SpanTable read_span_table(std::string const& path, std::string const& group) {
  H5File const file = H5File::open(path);
  H5Dataset const label = column_of(file, group, "label");
  SpanTable table;
  table.record = integers_of(column_of(file, group, "record"));
  table.start = integers_of(column_of(file, group, "start"));
  table.end = integers_of(column_of(file, group, "end"));
  std::size_t const count = table.record.size();
  VALIDATE(table.start.size() == count && table.end.size() == count && label.rows() == static_cast<std::int64_t>(count),
           "file " << path << ": the columns of " << group << " have " << count << ", " << table.start.size() << ", "
                   << table.end.size() << " and " << label.rows()
                   << " rows (record, start, end and label need as many). The file is damaged.");
  table.label.reserve(count);
  LabelNames names;
  if (label.type() == ElementType::text) {
    for (std::string const& text : label.read_text()) table.label.push_back(names.code(text));
    table.labels = names.names();
    return table;
  }
  H5Dataset const labels = column_of(file, group, "labels");
  for (std::string const& text : labels.read_text()) names.code(text);
  table.labels = names.names();
  VALIDATE(static_cast<std::int64_t>(table.labels.size()) == labels.rows(),
           labels.subject() << ": a name stands twice (each label has one). Rename it.");
  auto const known = static_cast<std::int64_t>(table.labels.size());
  for (std::int64_t const code : integers_of(label)) {
    VALIDATE(code >= 0 && code < known, label.subject() << ": span " << table.label.size() << " has label " << code
                                                        << " but " << labels.subject() << " holds " << known
                                                        << " names (counted from 0). Mend the column.");
    table.label.push_back(static_cast<std::int32_t>(code));
  }
  return table;
}

}  // namespace sonde::io
