// spans:FILE[:GROUP]:time|signal|depth[,support=N]: spans of records from HDF5 or Penn-style brackets.
#include "base/check.hpp"
#include "base/registry.hpp"
#include "inspect/hypotheses/file_argument.hpp"
#include "inspect/hypotheses/span_hypothesis.hpp"
#include "io/annotations/brackets.hpp"
#include "io/annotations/label_column.hpp"
#include "io/annotations/span_table.hpp"
#include "io/h5.hpp"
#include "io/provenance.hpp"

namespace sonde::inspect {

namespace {

void add_table(std::string const& path, std::string const& group, SpanList& spans, std::vector<std::string>& labels) {
  io::SpanTable const table = io::read_span_table(path, group);
  for (std::size_t i = 0; i < table.record.size(); ++i) {
    spans.add_symbols(table.record[i], table.start[i], table.end[i], table.label[i]);
  }
  labels = table.labels;
}

/// The rows of each leaf of a tree.
std::vector<RowRange> leaf_rows(io::BracketTree const& tree, DataFacts const& facts, std::int64_t record) {
  std::vector<RowRange> rows;
  TokenRows tokens(facts, record);
  for (std::string const& leaf : tree.leaves) rows.push_back(tokens.next(leaf));
  tokens.finish();
  return rows;
}

/// A node covers what lies between its first and its last leaf, white space included.
void add_tree(io::BracketTree const& tree, DataFacts const& facts, std::int64_t record, SpanList& spans,
              io::LabelNames& names) {
  std::vector<RowRange> const rows = leaf_rows(tree, facts, record);
  for (io::BracketNode const& node : tree.nodes) {
    if (node.label.empty() || node.first == node.last) continue;
    RowRange const first = rows[node.first];
    RowRange last = rows[node.last - 1];
    // Of a record that was cut short the last leaves have no rows.
    for (std::size_t leaf = node.last - 1; last.first == last.last && leaf > node.first; --leaf) last = rows[leaf - 1];
    if (last.first < last.last) spans.add_rows(record, {first.first, last.last}, names.code(node.label));
  }
}

void add_brackets(std::string const& path, DataFacts const& facts, SpanList& spans, std::vector<std::string>& labels) {
  io::BracketReader reader(path);
  io::LabelNames names;
  std::int64_t record = 0;
  for (io::BracketTree tree; reader.next(tree); ++record) {
    if (record < facts.records) add_tree(tree, facts, record, spans, names);
  }
  VALIDATE(record == facts.records, "file " << path << ": it has " << record << " trees but the data have "
                                            << facts.records
                                            << " records (each record has one). Put \"()\" for a record without.");
  labels = names.names();
}

SpanColumns parse(std::string const& name, FileArgument& argument) {
  SpanColumns columns;
  columns.name = name;
  auto const colon = argument.part.rfind(':');
  std::string const form = argument.part.substr(colon == std::string::npos ? 0 : colon + 1);
  argument.part.resize(colon == std::string::npos ? 0 : colon);
  Registry<SpanForm> const forms("form of spans",
                                 {{"time", SpanForm::time}, {"signal", SpanForm::signal}, {"depth", SpanForm::depth}});
  VALIDATE(!form.empty(), "spans: the form is missing. Write spans:FILE:time, :signal or :depth.");
  columns.form = forms.at(form);
  columns.support = argument.parameters.integer("support", SpanColumns::default_support, 1, std::int64_t{1} << 40);
  argument.parameters.check_all_used();
  std::string const key = "spans:" + argument.part + "," + form + "," + std::to_string(columns.support) + "," +
                          io::sha256_of_file(argument.path);
  columns.fingerprint = io::sha256_of(std::as_bytes(std::span(key)));
  return columns;
}

}  // namespace

std::unique_ptr<Hypothesis> make_spans(std::string const& name, std::string const& arguments, DataFacts const& facts) {
  std::unique_ptr<Hypothesis> result;
  for_hypothesis(name, [&] {
    FileArgument argument = parse_file_argument("spans", arguments);
    SpanColumns columns = parse(name, argument);
    SpanList spans(facts);
    if (io::H5File::has_signature(argument.path)) {
      add_table(argument.path, argument.part.empty() ? "/spans" : argument.part, spans, columns.labels);
    } else {
      VALIDATE(argument.part.empty(), "spans " << argument.path << ": '" << argument.part
                                               << "' names a part (only HDF5 files have some). Leave it out.");
      add_brackets(argument.path, facts, spans, columns.labels);
    }
    result = std::make_unique<SpanHypothesis>(std::move(columns), std::move(spans), facts);
  });
  return result;
}

}  // namespace sonde::inspect
